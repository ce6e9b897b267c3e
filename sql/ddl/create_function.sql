-- Makes a function.
-- Variables: create (CREATE or CREATE OR REPLACE), function (its name and arguments), returns (what it returns), language,
--     attributes (each on a line of its own), body (AS and a text, or standard SQL).
:create FUNCTION :function RETURNS :returns
    LANGUAGE :language:attributes
:body;
