//! What to do instead of a statement that is refused.

pub(super) const ENDS_TRANSACTION: &str =
    "it would end or split the transaction that carries the tenant; use begin, commit, rollback or savepoint";

pub(super) const SET: &str = "its effect would outlive the transaction and meet the next tenant of the connection; \
     use SET LOCAL in a transaction, or TenantContext::set";

pub(super) const RESET: &str = "its effect would outlive the transaction and meet the next tenant of the connection; \
     SET LOCAL … TO DEFAULT ends with the transaction";

pub(super) const IDENTITY: &str =
    "the pool has checked the role that it is connected as, and no other; build a pool for the other role";

pub(super) const CARRIER: &str = "this setting carries the tenant or the reason for crossing tenants; begin another transaction for another one";

pub(super) const UNREADABLE: &str =
    "the name of the setting is cut or written with U&, so nobody can see here which it is; write it plainly";

pub(super) const MODES: &str = "the context ahead of it is a query already, after which it comes too late; \
     use TenantContext::isolation_level, read_only or deferrable";

pub(super) const LOCAL_ALONE: &str = "it would end with itself and do nothing; run it in a transaction, or bind the setting with TenantContext::set";

pub(super) const ALONE: &str = "it would end with itself and do nothing; run it in a transaction";

pub(super) const PREPARED: &str = "statements are prepared for you and kept, under names that are not yours to know; \
     run the text itself, or use Statements::prepare";

pub(super) const DISCARD: &str =
    "it would drop what the pool keeps on the connection; what a transaction sets ends with it anyway";

pub(super) const LISTEN: &str = "notifications need a connection that stays, and this one serves the next tenant afterwards; \
     listen on a connection of your own, made with tokio_postgres";

pub(super) const LOAD: &str = "the library would stay loaded for every later tenant of the connection; \
     have the server load it, with session_preload_libraries";

pub(super) const NO_TRANSACTION: &str = "it can run in no transaction, and here everything runs in one; \
     run it on a connection of your own, or as a migration";

pub(super) const SETS_FOR_ALL: &str = "it would outlive the transaction and meet every later session, of all tenants; \
     let a migration do it";

pub(super) const USE_CURSOR: &str = "use TransactionBlock::cursor, whose cursors end with the transaction";

pub(super) const USE_COPY: &str = "use TransactionBlock::copy_in or copy_out, which take and give its data";

pub(super) const COPY_ONLY: &str =
    "only COPY … FROM STDIN and COPY … TO STDOUT have data to send or to take; use query or execute";

pub(super) const COPY_ON_SERVER: &str = "it would read or write a file or a program on the server, around all policies; \
     use FROM STDIN or TO STDOUT, and send or take the data";

pub(super) const COPY_IS_OUT: &str = "its data come from the server; use TransactionBlock::copy_out";

pub(super) const COPY_IS_IN: &str = "its data go to the server; use TransactionBlock::copy_in";

pub(super) const FETCH_ONCE: &str =
    "its columns are those of the cursor that is open when it runs; run it by its text";
