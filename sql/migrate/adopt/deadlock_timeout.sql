-- How long somebody waits before the server looks for a deadlock and ends one of those in it, in milliseconds.
SELECT setting::bigint AS millis FROM pg_catalog.pg_settings WHERE name = 'deadlock_timeout';
