-- Ends what the session runs soon after the program that has asked for it is gone, rather than when it is done. Where the
-- operating system cannot tell, the server refuses the setting.
SET client_connection_check_interval = '1s';
