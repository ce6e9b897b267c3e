-- An empty database like another one.
-- Variables: name, encoding, collate, ctype.
CREATE DATABASE :"name" TEMPLATE template0 ENCODING :'encoding' LC_COLLATE :'collate' LC_CTYPE :'ctype';
