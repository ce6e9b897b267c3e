#!/usr/bin/python3
"""Creates Tryton's tables in an empty database and fills them with two companies.

Usage: create.py URI
"""

import datetime
import sys
from decimal import Decimal

sys.dont_write_bytecode = True
from support import (  # noqa: E402
    MODULES,
    NEW_YEAR,
    TODAY,
    connect,
    get,
    invoice,
    new,
    one,
    party,
    process,
    save,
    trade,
    wizard,
    working_for,
    xml_record,
)

# The sequences that a company has of its own, by the model that says so. Others are there for all companies.
SEQUENCES = {
    "account.configuration": {
        "asset_sequence": "Asset",
        "landed_cost_sequence": "Landed Cost",
        "reconciliation_sequence": "Account Move Reconciliation",
    },
    "production.configuration": {"production_sequence": "Production"},
    "purchase.configuration": {"purchase_sequence": "Purchase"},
    "sale.configuration": {
        "sale_sequence": "Sale",
        "complaint_sequence": "Customer Complaint",
        "subscription_sequence": "Subscription",
    },
    "stock.configuration": {
        "shipment_in_sequence": "Supplier Shipment",
        "shipment_out_sequence": "Customer Shipment",
        "shipment_in_return_sequence": "Supplier Return Shipment",
        "shipment_out_return_sequence": "Customer Return Shipment",
        "shipment_internal_sequence": "Internal Shipment",
        "inventory_sequence": "Inventory",
    },
}


def activate(database):
    """Creates the tables, and what the modules put into them."""
    from trytond.backend import Database
    from trytond.pool import Pool

    Database(database).init()
    with open(MODULES) as names:
        Pool(database).init(update=["ir", "res"] + names.read().split(), lang=["en"], activatedeps=True)


def share():
    """What all companies use, in tables that have no company."""
    euro = save("currency.currency", name="Euro", code="EUR", symbol="€", rounding=Decimal("0.01"), digits=2)
    save("currency.currency.rate", currency=euro, date=NEW_YEAR, rate=Decimal(1))
    country = save("country.country", name="Germany", code="DE", code3="DEU", code_numeric="276")
    save("country.subdivision", name="Berlin", code="DE-BE", type="state", country=country)
    save("country.postal_code", country=country, postal_code="10115", city="Berlin")
    remainder = new("account.invoice.payment_term.line", type="remainder")
    save("account.invoice.payment_term", name="Direct", lines=[remainder])
    attribute = new("product.attribute", name="size", string="Size", type_="integer")
    save("product.attribute.set", name="Frame", attributes=[attribute])
    rule = new("sale.subscription.recurrence.rule", freq="monthly", interval=1)
    save("sale.subscription.recurrence.rule.set", name="Monthly", rules=[rule])
    level = new("account.dunning.level", sequence=1, overdue=datetime.timedelta(5))
    save("account.dunning.procedure", name="Letters", levels=[level])
    save("sale.complaint.type", name="Sale", origin=one("ir.model", ("model", "=", "sale.sale")))
    return euro


def found(name, currency):
    """A company, its employee, and the user that works for it."""
    company = save("company.company", party=party(name), currency=currency)
    groups = get("res.group").search([])
    login = "company-{}".format(company.id)
    user = save("res.user", name=name, login=login, groups=groups, companies=[company], company=company)
    with working_for(user):
        employee = save("company.employee", party=party(name + " Clerk"), company=company)
    user.employees = [employee]
    user.employee = employee
    user.save()
    return company, user


def sequence(kind, company, model="ir.sequence"):
    sequence_type = one("ir.sequence.type", ("name", "=", kind))
    return save(model, name=kind, sequence_type=sequence_type, company=company)


def configure(company):
    """What the company does in its own way."""
    from trytond.model import ModelSingleton, ModelSQL
    from trytond.pool import Pool

    for _, model in Pool().iterobject():
        if issubclass(model, ModelSingleton) and issubclass(model, ModelSQL) and not model.get_singleton():
            model.create([{}])
    for name, sequences in SEQUENCES.items():
        configuration = get(name)(1)
        for field, kind in sequences.items():
            setattr(configuration, field, sequence(kind, company))
        configuration.save()
    accounting = get("account.configuration")(1)
    accounting.default_customer_payment_term = one("account.invoice.payment_term")
    accounting.default_customer_tax_rule = one("account.tax.rule", ("company", "=", company.id))
    accounting.tax_rounding = "line"
    accounting.asset_frequency = "monthly"
    accounting.save()
    numbers = sequence("Account Journal", company)
    for journal in get("account.journal").search([]):
        journal.sequence = numbers
        journal.save()
    for task in get("ir.cron").search([]):
        task.companies = [*task.companies, company]
        task.save()


class Books:
    """The chart of accounts, the fiscal years and what else an accountant sets up for a company."""

    def __init__(self, company):
        template = xml_record("account.account.template", "account", "account_template_root_en")
        wizard(
            "account.create_chart", account={"company": company, "account_template": template}
        ).transition_create_account()
        self.company = company
        self.receivable = self.account("type.receivable")
        self.payable = self.account("type.payable")
        self.revenue = self.account("type.revenue")
        self.expense = self.account("type.expense")
        self.asset = self.account("type.fixed_asset")
        self.cash = one("account.account", ("company", "=", company.id), ("name", "=", "Main Cash"))
        owed = {"account_receivable": self.receivable, "account_payable": self.payable}
        wizard(
            "account.create_chart", properties={"company": company, **owed}
        ).transition_create_properties()
        for year in (TODAY.year, TODAY.year + 1):
            self.open_year(year)
        self.journal = one("account.journal", ("type", "=", "cash"))
        common = {"journal": self.journal, "credit_account": self.cash, "debit_account": self.cash}
        self.method = save("account.invoice.payment.method", name="Cash", **common)
        common["journal"] = save("account.journal", name="Rounding", type="write-off")
        save("account.move.reconcile.write_off", name="Rounding", **common)
        self.tax = save(
            "account.tax",
            name="VAT",
            description="VAT 20%",
            type="percentage",
            rate=Decimal("0.2"),
            invoice_account=self.cash,
            credit_note_account=self.cash,
        )
        self.set_up_taxes()
        self.set_up_analytics()

    def account(self, kind):
        return one("account.account", ("company", "=", self.company.id), (kind, "=", True), ("closed", "!=", True))

    def open_year(self, year):
        fiscalyear = new("account.fiscalyear", name=str(year), company=self.company)
        fiscalyear.start_date = datetime.date(year, 1, 1)
        fiscalyear.end_date = datetime.date(year, 12, 31)
        fiscalyear.post_move_sequence = sequence("Account Move", self.company)
        numbers = sequence("Invoice", self.company, "ir.sequence.strict")
        kinds = ["out_invoice", "out_credit_note", "in_invoice", "in_credit_note"]
        sequences = {kind + "_sequence": numbers for kind in kinds}
        fiscalyear.invoice_sequences = [new("account.fiscalyear.invoice_sequence", company=self.company, **sequences)]
        fiscalyear.save()
        get("account.fiscalyear").create_period([fiscalyear])

    def set_up_taxes(self):
        line = new("account.tax.code.line", operator="+", tax=self.tax, amount="tax", type="invoice")
        save("account.tax.code", name="VAT collected", company=self.company, lines=[line])
        rule_line = new("account.tax.rule.line", origin_tax=self.tax, tax=self.tax)
        save("account.tax.rule", name="Inland", kind="both", company=self.company, lines=[rule_line])
        lines = [
            new("account.move.line.template", account=self.cash, operation="debit", amount="10"),
            new("account.move.line.template", account=self.revenue, operation="credit", amount="10"),
        ]
        save("account.move.template", name="Till", journal=self.journal, lines=lines, company=self.company)

    def set_up_analytics(self):
        root = save("analytic_account.account", type="root", name="Departments", company=self.company)
        parts = [
            save("analytic_account.account", type="normal", name=name, root=root, parent=root, company=self.company)
            for name in ("Shop", "Workshop")
        ]
        entry = new("analytic.account.entry", root=root, account=parts[0])
        save("analytic_account.rule", company=self.company, account=self.revenue, analytic_accounts=[entry])


class Goods:
    """What the company makes, buys and sells."""

    def __init__(self, company, books):
        self.company = company
        self.unit = one("product.uom", ("name", "=", "Unit"))
        self.category = save(
            "product.category",
            name=company.party.name,
            accounting=True,
            account_expense=books.expense,
            account_revenue=books.revenue,
            account_asset=books.asset,
            account_depreciation=books.asset,
            customer_taxes=[books.tax],
            supplier_taxes=[books.tax],
        )
        self.range = save("product.category", name=company.party.name + " range")
        self.bicycle = self.product("Bicycle", "goods", 500, producible=True, salable=True)
        self.wheel = self.product("Wheel", "goods", 60, salable=True, purchasable=True)
        self.frame = self.product("Frame", "goods", 200, purchasable=True)
        self.repair = self.product("Repair", "service", 80, salable=True)
        self.freight = self.product("Freight", "service", 10, landed_cost=True)
        self.commission = self.product("Commission", "service", 0)
        self.press = self.product("Press", "assets", 0, depreciable=True)
        components = [new("product.component", product=self.wheel, quantity=2, unit=self.unit)]
        self.pair = self.product("Pair of wheels", "kit", 110, salable=True, components=components)

    def product(self, name, kind, price, **values):
        template = new(
            "product.template",
            name=name,
            default_uom=self.unit,
            type=kind,
            list_price=Decimal(price),
            account_category=self.category,
            categories=[self.range],
            attribute_set=one("product.attribute.set"),
            **values,
        )
        if template.depreciable:
            template.depreciation_duration = 12
        template.products = [new("product.product", attributes={"size": price})]
        template.save()
        product = template.products[0]
        product.cost_price = Decimal(price) / 2
        product.save()
        revision = {"template": template, "product": product, "cost_price": product.cost_price}
        save("product.cost_price.revision", date=NEW_YEAR, company=self.company, **revision)
        save("product.identifier", product=product, code="{}-{}".format(self.company.id, name))
        return product


def buy(books, goods, supplier):
    """Purchases, their receipt, their invoices, and the cost of their freight."""
    for product in (goods.wheel, goods.frame):
        if product.template.purchasable:
            price = new("purchase.product_supplier.price", quantity=0, unit_price=product.cost_price)
            save("purchase.product_supplier", template=product.template, party=supplier, prices=[price])
    trade("purchase", supplier, goods.wheel, 4)
    purchase = trade("purchase", supplier, goods.wheel, 10, "quote", "confirm", "process")
    shipment = new("stock.shipment.in", supplier=supplier)
    shipment.incoming_moves = [get("stock.move")(move.id) for move in purchase.moves]
    process("stock.shipment.in", shipment, "receive", "done")
    for document in purchase.invoices:
        document.invoice_date = TODAY
        process("account.invoice", document, "post")
    freight = invoice("in", supplier, goods.freight, 1, 10, "post")
    process(
        "account.landed_cost",
        new("account.landed_cost", shipments=[shipment], invoice_lines=list(freight.lines), allocation_method="value"),
        "post",
    )


def stock(goods, company, customer, supplier):
    """An inventory, a move inside of the warehouse, returns, a forecast, and a period that is closed."""
    storage = one("stock.location", ("code", "=", "STO"))
    lines = [
        new("stock.inventory.line", product=product, quantity=100.0) for product in (goods.wheel, goods.frame)
    ]
    process("stock.inventory", new("stock.inventory", location=storage, lines=lines), "confirm")
    shelf = save("stock.location", name=company.party.name + " shelf", type="storage", parent=storage)
    lot = save("stock.lot", number="LOT-{}".format(company.id), product=goods.wheel)
    move = new("stock.move", product=goods.wheel, uom=goods.unit, quantity=1, lot=lot)
    move.from_location, move.to_location = storage, shelf
    internal = new("stock.shipment.internal", from_location=storage, to_location=shelf, moves=[move])
    process("stock.shipment.internal", internal, "wait")
    line = new("stock.forecast.line", product=goods.wheel, uom=goods.unit, quantity=5, minimal_quantity=1)
    forecast = new("stock.forecast", lines=[line], from_date=NEW_YEAR, to_date=datetime.date(TODAY.year, 12, 31))
    forecast.warehouse = one("stock.location", ("type", "=", "warehouse"))
    forecast.destination = one("stock.location", ("type", "=", "customer"))
    process("stock.forecast", forecast)
    customers, suppliers = (one("stock.location", ("type", "=", kind)) for kind in ("customer", "supplier"))
    priced = {"product": goods.wheel, "uom": goods.unit, "quantity": 1, "unit_price": Decimal(60)}
    back = new("stock.move", from_location=customers, to_location=one("stock.location", ("code", "=", "IN")), **priced)
    process("stock.shipment.out.return", new("stock.shipment.out.return", customer=customer, incoming_moves=[back]))
    back = new("stock.move", from_location=storage, to_location=suppliers, **priced)
    returned = new("stock.shipment.in.return", supplier=supplier, from_location=storage, to_location=suppliers)
    returned.moves = [back]
    process("stock.shipment.in.return", returned)
    period = new("stock.period", date=NEW_YEAR - datetime.timedelta(1), company=company)
    process("stock.period", period, "close")


def make(goods, company):
    """The production of bicycles."""
    category = save("production.work.center.category", name="Assembly")
    root = save("production.work.center", name="Workshop", company=company)
    center = save(
        "production.work.center",
        name="Stand",
        parent=root,
        category=category,
        cost_price=Decimal(5),
        cost_method="cycle",
        company=company,
    )
    operation = save("production.routing.operation", name="Assemble", work_center_category=category)
    inputs = [
        new("production.bom.input", product=product, uom=goods.unit, quantity=quantity)
        for product, quantity in ((goods.wheel, 2), (goods.frame, 1))
    ]
    output = new("production.bom.output", product=goods.bicycle, uom=goods.unit, quantity=1)
    bom = save("production.bom", name="Bicycle", inputs=inputs, outputs=[output])
    step = new("production.routing.step", operation=operation)
    routing = save("production.routing", name="Bicycle", boms=[bom], steps=[step])
    save("product.product-production.bom", product=goods.bicycle, bom=bom, routing=routing)
    for steps in ((), ("wait",)):
        production = new("production", product=goods.bicycle, bom=bom, uom=goods.unit, quantity=2)
        production.routing, production.work_center = routing, center
        production.explode_bom()
        process("production", production, *steps)


def sell(books, goods, company, customer):
    """Sales with all that can come of them."""
    prices = save(
        "product.price_list",
        name="Friends",
        company=company,
        lines=[new("product.price_list.line", formula="0.9 * unit_price")],
    )
    number = new("sale.promotion.coupon.number", number="CODE-{}".format(company.id))
    coupon = new("sale.promotion.coupon", name="Spring", number_of_use=0, numbers=[number])
    save("sale.promotion", name="Spring", formula="0.9 * unit_price", company=company, coupons=[coupon])

    plan = save(
        "commission.plan",
        name="Plan",
        commission_product=goods.commission,
        commission_method="posting",
        lines=[new("commission.plan.line", formula="amount * 0.1")],
    )
    agent = save("commission.agent", party=party("Agent"), type_="agent", plan=plan, currency=company.currency)

    customer.sale_price_list = prices
    customer.customer_code = "C-1"
    customer.save()
    for quantity in range(company.id):
        trade("sale", customer, goods.wheel, 1 + quantity, price_list=prices)
    trade("sale", customer, goods.pair, 1, "quote", "confirm", "process")
    trade("sale", customer, goods.wheel, 2, "quote")
    sale = trade("sale", customer, goods.wheel, 3, "quote", "confirm", "process", agent=agent)
    for document in sale.invoices:
        process("account.invoice", document, "post")
    action = new("sale.complaint.action", action="sale_return")
    complaint = new("sale.complaint", customer=customer, type=one("sale.complaint.type"), origin=sale)
    complaint.actions = [action]
    process("sale.complaint", complaint, "wait", "approve")

    service = save("sale.subscription.service", product=goods.repair)
    subscription = new("sale.subscription", party=customer, start_date=NEW_YEAR, invoice_start_date=NEW_YEAR)
    subscription.invoice_recurrence = one("sale.subscription.recurrence.rule.set")
    line = new("sale.subscription.line", service=service, quantity=1, start_date=NEW_YEAR, unit=goods.unit)
    line.unit_price = Decimal(80)
    subscription.lines = [line]
    process("sale.subscription", subscription, "quote", "run")


def account(books, goods, company, customer, supplier):
    """Invoices that are drafted, posted, paid and dunned, a statement of the bank, an asset."""
    invoice("out", customer, goods.repair, 1, 80)
    paid = invoice("out", customer, goods.repair, 2, 80, "post")
    payment = paid.pay_invoice(paid.total_amount, books.method, TODAY)
    due = [line for line in paid.move.lines if line.account == paid.account]
    get("account.move.line").reconcile([line for line in payment if line.account == paid.account] + due)
    invoice("out", customer, goods.repair, 3, 80, "post")
    get("account.dunning").generate_dunnings(date=TODAY + datetime.timedelta(10))

    press = invoice("in", supplier, goods.press, 1, 1200, "post")
    asset = new("account.asset", product=goods.press, supplier_invoice_line=press.lines[0])
    asset.residual_value = Decimal(0)
    process("account.asset", asset, "run")

    journal = save("account.journal", name="Statement", type="statement")
    bank = new("account.statement.journal", name="Bank", journal=journal, account=books.cash, validation="balance")
    bank.save()
    line = new("account.statement.line", date=TODAY, amount=Decimal(80), party=customer, account=books.receivable)
    statement = new("account.statement", name="1", journal=bank, date=TODAY, lines=[line])
    statement.start_balance, statement.end_balance = Decimal(0), Decimal(80)
    process("account.statement", statement)


def plan(company, employee, customer):
    """Projects and the hours that are spent on them."""
    project = save("project.work", name="Fair", type="project", party=customer, company=company)
    task = save("project.work", name="Stand", type="task", parent=project, company=company)
    save("project.work", name="Posters", type="task", parent=project, company=company, predecessors=[task])
    save("project.allocation", work=task, employee=employee, percentage=100)
    timesheet = save("timesheet.work", name="Office", company=company)
    for hours in range(1, 2 + company.id):
        duration = datetime.timedelta(hours=hours)
        save("timesheet.line", work=timesheet, employee=employee, date=NEW_YEAR, duration=duration, company=company)


def work(company, user):
    """What a company does at the start of a year."""
    books = Books(company)
    configure(company)
    goods = Goods(company, books)
    customer, supplier = party("Customer"), party("Supplier")
    customer.dunning_procedure = one("account.dunning.procedure")
    customer.save()
    stock(goods, company, customer, supplier)
    buy(books, goods, supplier)
    make(goods, company)
    sell(books, goods, company, customer)
    account(books, goods, company, customer, supplier)
    plan(company, user.employee, customer)


def main(uri):
    from trytond.transaction import Transaction

    database = connect(uri, planner=True)
    activate(database)
    with Transaction().start(database, 0):
        euro = share()
        for name in ("Northwind Bicycles", "Southgate Bicycles"):
            company, user = found(name, euro)
            with working_for(user):
                work(company, user)


if __name__ == "__main__":
    main(sys.argv[1])
