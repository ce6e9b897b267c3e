-- A setting without a seal is taken as it is.
-- Variables: setting (its name).
    IF part[1] IS NOT NULL AND (part[5] IS NULL OR part[6] IS NOT NULL OR length(part[5]) <> 64) THEN
        RETURN current_setting(:'setting', true);
    END IF;
