-- Rows whose tenant is not the company of their customer.
SELECT (SELECT count(*) FROM erp.customer WHERE tenant_id IS DISTINCT FROM company_id)
    + (
        SELECT count(*)
        FROM erp.invoice AS i
            LEFT JOIN erp.customer AS c ON c.id = i.customer_id
        WHERE i.tenant_id IS DISTINCT FROM c.company_id
    )
    + (
        SELECT count(*)
        FROM erp."Odd ""line""" AS l
            JOIN erp.invoice AS i ON i.id = l."in voice"
            LEFT JOIN erp.customer AS c ON c.id = i.customer_id
        WHERE l."Tenant's" IS DISTINCT FROM c.company_id
    )
    + (
        SELECT count(*)
        FROM erp.note AS n
            LEFT JOIN erp.invoice AS i ON i.id = n.line_invoice
            LEFT JOIN erp.customer AS c ON c.id = i.customer_id
        WHERE n.tenant_id IS DISTINCT FROM c.company_id
    );
