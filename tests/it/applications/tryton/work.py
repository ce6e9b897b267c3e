#!/usr/bin/python3
"""The everyday work of one company's user: reads each table and does some business, and takes it all back.

Usage: work.py URI COMPANY [--only-company]

The output says nothing of the time and of ids, so that two runs on the same rows give the same. It begins with a line
for each model that has a table, with tabs between: the table, how the model comes to its company, the number of
records, and a hash of them. The second is `company` where the table has that column, a path like `sale.company` where
a table belongs to one that has it, and `-` for a table that all companies share. With --only-company, the first two
kinds are searched for the company's records; without, that is left to the database.

No table is made and no row remains, so any role will do that has the four verbs on the tables and may use the
sequences. (Numbers that are drawn from sequences are gone, though.)
"""

import argparse
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
    """The shortest way to a column `company`, by references that are required and whose end takes the row with it."""
    from trytond.model import fields

    ways, seen = [([], model)], set()
    for way, at in ways:
        columns = stored(at)
        if "company" in columns:
            return ".".join([*way, "company"])
        seen.add(at.__name__)
        for name in columns:
            field = at._fields[name]
            if isinstance(field, fields.Many2One) and field.required and field.ondelete == "CASCADE":
                if field.model_name not in seen:
                    ways.append(([*way, name], get(field.model_name)))
    return None


def models():
    from trytond.model import ModelSQL
    from trytond.pool import Pool

    found = [model for _, model in Pool().iterobject() if issubclass(model, ModelSQL) and not model.table_query()]
    return sorted(found, key=lambda model: model._table)


def read(company, only_company):
    from trytond.transaction import Transaction

    with Transaction().set_context(active_test=False):
        for model in models():
            path = path_to_company(model)
            domain = [(path, "=", company.id)] if path and only_company else []
            columns = stored(model)
            ids = [record.id for record in model.search(domain, order=[("id", "ASC")])]
            rows = {row["id"]: row for row in model.read(ids, columns)}
            text = json.dumps([[rows[id][column] for column in columns] for id in ids], default=repr, sort_keys=True)
            print(model._table, path or "-", len(ids), hashlib.sha256(text.encode()).hexdigest(), sep="\t")


def main(uri, company, only_company):
    from trytond.pool import Pool
    from trytond.transaction import Transaction

    database = connect(uri)
    Pool(database).init()
    with Transaction().start(database, 0) as transaction:
        user = one("res.user", ("login", "=", "company-{}".format(company)))
        with working_for(user):
            read(user.company, only_company)
        transaction.rollback()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("uri")
    parser.add_argument("company", type=int)
    parser.add_argument("--only-company", action="store_true")
    arguments = parser.parse_args()
    main(arguments.uri, arguments.company, arguments.only_company)
