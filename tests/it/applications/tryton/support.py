"""What create.py and work.py share: the way to Tryton's models, and records made as its client makes them."""

import datetime
import logging
import os
import urllib.parse
from contextlib import contextmanager
from decimal import Decimal

# Tryton asks the information schema thousands of times while it makes its tables, which this makes faster.
PLANNER = "-c jit=off -c from_collapse_limit=1"

TODAY = datetime.date.today()
NEW_YEAR = datetime.date(TODAY.year, 1, 1)

MODULES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "modules.txt")


def connect(uri, planner=False):
    """Tells Tryton where its database is, and gives the database's name. No file of configuration is read, and no
    thread is started: what is cached is checked by a look into the table ir_cache, not by LISTEN."""
    for name in [name for name in os.environ if name.startswith("TRYTOND_")]:
        del os.environ[name]
    if planner:
        os.environ["PGOPTIONS"] = "{} {}".format(os.environ.get("PGOPTIONS", ""), PLANNER).strip()
    from trytond.config import config

    logging.basicConfig(level=logging.ERROR)
    logging.captureWarnings(True)
    parsed = urllib.parse.urlsplit(uri)
    config.set("database", "uri", parsed._replace(path="/").geturl())
    return urllib.parse.unquote(parsed.path.lstrip("/"))


def get(name, kind="model"):
    from trytond.pool import Pool

    return Pool().get(name, type=kind)


def one(name, /, *domain, order=None):
    """The first record that the domain finds, by the order of ids."""
    return get(name).search(list(domain), order=order or [("id", "ASC")], limit=1)[0]


def xml_record(name, module, fs_id):
    return get(name)(get("ir.model.data").get_id(module, fs_id))


def new(name, /, **values):
    """A record that is not saved yet: the defaults first, then each value with what follows from it, as in a form."""
    model = get(name)
    record = model(**model.default_get(list(model._fields), with_rec_name=False))
    for field, value in values.items():
        setattr(record, field, value)
        react = getattr(record, "on_change_" + field, None)
        if react:
            react()
    for field in stored(model):
        follow = getattr(record, "on_change_with_" + field, None)
        if follow and field not in values:
            setattr(record, field, follow())
    return record


def stored(model):
    """The names of the fields that are columns of the model's table."""
    from trytond.model import fields

    return [
        name
        for name, field in model._fields.items()
        if field.sql_type() and not isinstance(field, fields.Function)
    ]


def save(name, /, **values):
    record = new(name, **values)
    record.save()
    return record


def wizard(name, /, **forms):
    """A session of a wizard whose forms hold their defaults and the values given for each."""
    model = get(name, "wizard")
    session = model(model.create()[0])
    for form, values in forms.items():
        for field, value in values.items():
            setattr(getattr(session, form), field, value)
    return session


@contextmanager
def working_for(user):
    """Work as a user, in the company that is set for that user."""
    from trytond.transaction import Transaction

    with Transaction().set_user(user.id):
        with Transaction().set_context(get("res.user").get_preferences(context_only=True), _skip_warnings=True):
            yield


def party(name):
    """A party with an address, an e-mail address and a bank account."""
    record = save("party.party", name=name)
    country = one("country.country")
    save("party.address", party=record, street="Main Street 1", city="Berlin", country=country)
    save("party.contact_mechanism", party=record, type="email", value="info@example.com")
    save("party.identifier", party=record, type=None, code="DE" + name[:1])
    bank = save("bank", party=record, bic=None)
    number = new("bank.account.number", type="other", number="12345")
    save("bank.account", bank=bank, numbers=[number], owners=[record])
    return record


def process(name, record, *steps):
    """Saves a document and presses buttons of its form, one after the other."""
    record.save()
    for step in steps:
        getattr(get(name), step)([record])
    return get(name)(record.id)


def invoice(kind, partner, product, quantity, price, *steps):
    record = new("account.invoice", type=kind, party=partner, payment_term=one("account.invoice.payment_term"))
    if kind == "in":
        record.invoice_date = TODAY
    line = new("account.invoice.line", invoice=record, type="line", quantity=quantity, product=product)
    line.unit_price = Decimal(price)
    record.lines = [line]
    return process("account.invoice", record, *steps)


def trade(name, partner, product, quantity, *steps, **values):
    """A sale or a purchase of one product."""
    record = new(name + "." + name, party=partner, payment_term=one("account.invoice.payment_term"), **values)
    note = new(name + ".line", type="comment", description="As agreed")
    line = new(name + ".line", **{name: record}, quantity=quantity, product=product)
    if line.unit_price is None:
        line.unit_price = product.cost_price
    record.lines = [line, note]
    return process(name + "." + name, record, *steps)
