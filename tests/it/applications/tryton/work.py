#!/usr/bin/python3
"""The everyday work of one company's user: reads each table and does some business, and takes it all back.

Usage: work.py URI COMPANY [--only-company]

Two runs on the same rows give the same output. It begins with a line for each model that has a table, with tabs
between: the table, how it comes to its company, the number of records, and a hash of them. The second is `company`
where the table has that column, a path like `sale.company` where it refers to one that has it, and `-` where all
companies share the table. With --only-company, records of the first two kinds are searched for with the company;
without, it is left to the database to show no others. What the business came to follows, a line for each step.

No table is made and no row remains, so any role will do that has the four verbs on the tables and may use the
sequences. (Numbers that are drawn from sequences are gone, though.)
"""

import argparse
import datetime
import hashlib
import json
import sys
from decimal import Decimal

sys.dont_write_bytecode = True
from support import (  # noqa: E402
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
    stored,
    trade,
    working_for,
)


def path_to_company(model):
    """The shortest way to a column `company` by references that are required: by such whose end takes the row with it,
    or else by any."""
    from trytond.model import fields

    for actions in (["CASCADE"], ["CASCADE", "RESTRICT"]):
        ways, seen = [([], model)], {model.__name__}
        for way, at in ways:
            columns = stored(at)
            if "company" in columns:
                return ".".join([*way, "company"])
            for name in columns:
                field = at._fields[name]
                if not isinstance(field, fields.Many2One) or not field.required or field.model_name in seen:
                    continue
                if field.ondelete in actions:
                    seen.add(field.model_name)
                    ways.append(([*way, name], get(field.model_name)))
    return None


def models():
    from trytond.model import ModelSQL
    from trytond.pool import Pool

    found = [model for _, model in Pool().iterobject() if issubclass(model, ModelSQL) and not model.table_query]
    return sorted(found, key=lambda model: model._table)


def read(company, only_company):
    from trytond.model.exceptions import AccessError
    from trytond.transaction import Transaction

    with Transaction().set_context(active_test=False):
        for model in models():
            path = path_to_company(model)
            domain = [(path, "=", company.id)] if path and only_company else []
            columns = stored(model)
            ids = [record.id for record in model.search(domain, order=[("id", "ASC")])]
            try:
                rows = {row["id"]: row for row in model.read(ids, columns)}
            except AccessError as refused:  # some models read more than the row, and miss what they refer to
                rows = {id: {column: str(refused) for column in columns} for id in ids}
            text = json.dumps([[rows[id][column] for column in columns] for id in ids], default=repr, sort_keys=True)
            print(model._table, path or "-", len(ids), hashlib.sha256(text.encode()).hexdigest(), sep="\t")


def own(name, *domain, company):
    return one(name, ("company", "=", company.id), *domain)


def sell(customer, wheel):
    sale = trade("sale", customer, wheel, 3, "quote", "confirm", "process")
    yield "sale", sale.state, sale.untaxed_amount, sale.tax_amount, bool(sale.number), len(sale.shipments)
    for document in sale.invoices:
        document = process("account.invoice", document, "post")
        lines = sorted((line.account.name, line.debit, line.credit) for line in document.move.lines)
        yield "its invoice", document.state, document.number, document.total_amount, document.move.state, lines
    for shipment in sale.shipments:
        shipment = process("stock.shipment.out", shipment, "assign_try", "pick", "pack", "done")
        yield "its shipment", shipment.state, sorted(move.state for move in shipment.moves)
    sale = process("sale.sale", sale, "process")
    yield "sale in the end", sale.state, sale.invoice_state, sale.shipment_state
    copied = get("sale.sale").copy([sale])[0]
    yield "copy of the sale", copied.state, copied.untaxed_amount, len(copied.lines)
    get("sale.sale").cancel([copied])
    get("sale.sale").delete([copied])
    yield "copy that is deleted", get("sale.sale").search([("id", "=", copied.id)])


def buy(supplier, wheel):
    purchase = trade("purchase", supplier, wheel, 5, "quote", "confirm", "process")
    yield "purchase", purchase.state, purchase.untaxed_amount, bool(purchase.number), len(purchase.moves)
    shipment = new("stock.shipment.in", supplier=supplier)
    shipment.incoming_moves = [get("stock.move")(move.id) for move in purchase.moves]
    shipment = process("stock.shipment.in", shipment, "receive", "done")
    yield "its receipt", shipment.state, sorted(move.state for move in shipment.moves)


def produce(company):
    for production in get("production").search([("state", "=", "waiting"), ("company", "=", company.id)]):
        assigned = get("production").assign_try([production])
        production = process("production", production, "run")
        for work in production.works:
            process("production.work.cycle", new("production.work.cycle", work=work), "run", "do")
        production = process("production", production, "done")
        yield "production", assigned, production.state, production.cost


def account(company, customer, repair):
    posted = invoice("out", customer, repair, 2, 80, "post")
    yield "invoice", posted.state, posted.number, posted.total_amount, posted.amount_to_pay
    method = own("account.invoice.payment.method", company=company)
    payment = posted.pay_invoice(posted.total_amount, method, TODAY)
    due = [line for line in posted.move.lines if line.account == posted.account]
    get("account.move.line").reconcile([line for line in payment if line.account == posted.account] + due)
    yield "invoice when paid", process("account.invoice", posted, "process").state
    cash = own("account.account", ("name", "=", "Main Cash"), company=company)
    till = save("account.account", name="Till", type=cash.type, parent=cash.parent, company=company)
    yield "account", till.rec_name, len(till.parent.childs)
    accounts = get("account.account").search([("company", "=", company.id)], order=[("name", "ASC")])
    yield "balances", [(account.name, account.balance) for account in accounts if account.balance]


def manage(company, employee, wheel):
    office = own("timesheet.work", company=company)
    save("timesheet.line", work=office, employee=employee, date=NEW_YEAR, duration=datetime.timedelta(hours=4))
    yield "timesheet", len(office.timesheet_lines), get("timesheet.work")(office.id).duration
    wheel.template.list_price = Decimal(99)
    wheel.template.save()
    yield "price", get("product.product")(wheel.id).list_price
    storage = one("stock.location", ("code", "=", "STO"))
    stock = get("product.product").products_by_location([storage.id], with_childs=True, grouping_filter=([wheel.id],))
    yield "stock of wheels", sorted(stock.values())
    projects = get("project.work").search([("company", "=", company.id), ("parent", "=", None)])
    yield "projects", [(project.name, len(project.children)) for project in projects]


def operate(user):
    """Does business as the application's client would, with its own access rules, and prints what comes of it."""
    company = user.company
    customer = party("A new customer")
    yield "party", customer.rec_name, bool(customer.code), len(customer.addresses)
    wheel, repair = (
        one("product.product", ("name", "=", name), ("template.account_category", "=", company.party.name))
        for name in ("Wheel", "Repair")
    )
    yield from sell(customer, wheel)
    yield from buy(party("A new supplier"), wheel)
    yield from produce(company)
    yield from account(company, customer, repair)
    yield from manage(company, user.employee, wheel)


def main(uri, company, only_company):
    from trytond.pool import Pool
    from trytond.transaction import Transaction

    database = connect(uri)
    Pool(database).init()
    with Transaction().start(database, 0) as transaction:
        user = one("res.user", ("login", "=", "company-{}".format(company)))
        with working_for(user):
            read(user.company, only_company)
            with transaction.set_context(_check_access=True):
                for outcome in operate(user):
                    print(*outcome, sep="\t")
        transaction.rollback()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("uri")
    parser.add_argument("company", type=int)
    parser.add_argument("--only-company", action="store_true")
    arguments = parser.parse_args()
    main(arguments.uri, arguments.company, arguments.only_company)
