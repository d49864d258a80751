// The statements of a page, as the server sends them. The race compares them with the server's source before it begins.

/** The door: whose session it is, in whose transaction one is then. $1 `\x` and the hash in hex, $2 request, $3 now, $4 and $5 when the session must have begun and been seen last, $6 since when a use is noted. */
export const ENTER = 'select * from app.enter_session($1, $2, $3, $4, $5, $6)';

/** Once a minute: $1 hash, $2 now, $3 since when a use is noted. */
export const SEEN = 'update app.sessions set last_seen_at = $2 where session_hash = $1 and last_seen_at < $3';

/** The keys of the tenant: $1 how many, $2 now. */
export const KEYS = `select key_id, name, prefix, scopes, created_at, expires_at, last_used_at, revoked_at from app.api_keys
  order by revoked_at is not null or coalesce(expires_at <= $2, false), key_id desc limit $1`;

/** Who that is, and where: $1 member. */
export const WHO = `select t.tenant_id, t.name as tenant_name, t.created_at as tenant_created_at,
    m.member_id, m.name, m.email, m.role, m.created_at
  from app.tenants t join app.memberships m on m.tenant_id = t.tenant_id
  where m.member_id = $1`;

/** Most keys in the list. */
export const MOST = 200;

/** Minutes from a session's beginning to its end, and from its last use. */
export const [ABSOLUTE, IDLE] = [480, 120];

/** Who reads a credential, and who goes on: before and after the door. */
export const [AT_THE_DOOR, INSIDE] = ['set local role app_door', 'set local role app_tenant'];

/** How a transaction across tenants begins, for what is noted once a minute. Ids are UUIDs, so nothing needs quoting. */
export const platform = (request) =>
  `set local role app_platform; set local app.tenant_id = ''; set local app.user_id = ''; set local app.request_id = '${request}'`;
