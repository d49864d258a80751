-- The proof that tenants are walled off from each other: one row (object, problem) for each thing in the catalogue that
-- breaks a lock, none when they all hold. It reads PostgreSQL's own tables only, changes nothing, and judges app_tenant,
-- app_door, app_platform, samtal_tenant and samtal_platform whoever runs it. The session itself is judged as well: it must be one
-- of the two logins, so that a server given an owner or a superuser says so. Who looks on as an administrator says
-- `set role app_owner` first.
with

-- ── The reviewed lists. Every change here opens something: say in the review why it may be open ────────────────────────

-- Who may become what, and nothing else.
logins (login, role) as (values
  ('samtal_platform', 'app_platform'),
  ('samtal_tenant', 'app_door'),
  ('samtal_tenant', 'app_tenant')
),

-- Tables that belong to no tenant: no tenant policy, nothing for app_tenant.
global_tables (t) as (values
  ('app.identities'),
  ('app.operator_keys'),
  ('app.passkeys'),
  ('app.people'),
  ('app.recovery_codes'),
  ('app.schedules'),
  ('app.second_factors'),
  ('app.sessions'),
  ('app.sign_in_attempts'),
  ('app.sign_on_answers')
),

-- The one table without row-level security: the ledger of migrations, made by sqlx.
ledgers (t) as (values
  ('app.schema_migrations')
),

-- What may be done with the tables that work across tenants reaches; null: with every column. On every other table
-- app_tenant may select, insert, update and delete, and app_platform nothing.
rights (role, t, privilege, columns) as (values
  ('app_door', 'app.api_keys', 'SELECT', '{expires_at,key_hash,key_id,last_used_at,revoked_at,scopes,tenant_id}'::name[]),
  ('app_door', 'app.memberships', 'SELECT', '{member_id,person_id,role,role_id,suspended_at,tenant_id}'),
  ('app_door', 'app.roles', 'SELECT', '{permissions,role_id,tenant_id}'),
  ('app_door', 'app.sessions', 'SELECT', '{created_at,expires_at,last_seen_at,person_id,session_hash,tenant_id}'),
  ('app_door', 'app.tenants', 'SELECT', '{idle_minutes,session_minutes,suspended_at,tenant_id}'),
  ('app_platform', 'app.answer_days', 'DELETE', null),
  ('app_platform', 'app.answer_days', 'SELECT', '{day,tenant_id}'),
  ('app_platform', 'app.api_keys', 'INSERT',
    '{created_at,created_by,expires_at,key_hash,key_id,name,prefix,scopes,tenant_id}'),
  ('app_platform', 'app.api_keys', 'SELECT', '{expires_at,key_hash,key_id,last_used_at,revoked_at,scopes,tenant_id}'),
  ('app_platform', 'app.api_keys', 'UPDATE', '{last_used_at}'),
  ('app_platform', 'app.asked', 'DELETE', null),
  ('app_platform', 'app.asked', 'SELECT', '{asked_at,settled_at}'),
  ('app_platform', 'app.audit_entries', 'INSERT',
    '{act,actor_id,actor_kind,actor_name,address,after,at,before,hash,number,request_id,subject_id,subject_name,tenant_id}'),
  ('app_platform', 'app.audit_entries', 'SELECT',
    '{act,actor_id,actor_kind,actor_name,address,after,at,before,hash,number,request_id,subject_id,subject_name,tenant_id}'),
  ('app_platform', 'app.audit_heads', 'INSERT', '{hash,number,proof,tenant_id}'),
  ('app_platform', 'app.audit_heads', 'SELECT', '{hash,number,proof,tenant_id}'),
  ('app_platform', 'app.audit_heads', 'UPDATE', '{hash,number,proof}'),
  ('app_platform', 'app.contact_facts', 'DELETE', null),
  ('app_platform', 'app.contact_facts', 'SELECT', '{created_at,fact_id,tenant_id}'),
  ('app_platform', 'app.contact_sessions', 'DELETE', null),
  ('app_platform', 'app.contact_sessions', 'SELECT', '{contact_id,last_seen_at,session_id,tenant_id,token_hash}'),
  ('app_platform', 'app.contact_sessions', 'UPDATE', '{last_seen_at}'),
  ('app_platform', 'app.domains', 'SELECT', '{domain,domain_id,proven_at,tenant_id}'),
  ('app_platform', 'app.events', 'DELETE', null),
  ('app_platform', 'app.events', 'SELECT',
    '{actor_id,created_at,event_id,kind,subject_id,tenant_id,transaction_id,within_id}'),
  ('app_platform', 'app.identities', 'DELETE', null),
  ('app_platform', 'app.identities', 'INSERT',
    '{email,identity_id,issuer,linked_at,person_id,provider,subject,used_at}'),
  ('app_platform', 'app.identities', 'SELECT',
    '{email,identity_id,issuer,linked_at,person_id,provider,subject,used_at}'),
  ('app_platform', 'app.identities', 'UPDATE', '{used_at}'),
  ('app_platform', 'app.invitations', 'INSERT',
    '{by_hand,created_at,email,expires_at,invitation_id,role,tenant_id}'),
  ('app_platform', 'app.invitations', 'SELECT',
    '{accepted_at,by_hand,created_at,email,expires_at,invitation_id,revoked_at,role,role_id,tenant_id}'),
  ('app_platform', 'app.invitations', 'UPDATE', '{accepted_at,revoked_at}'),
  ('app_platform', 'app.jobs', 'DELETE', null),
  ('app_platform', 'app.jobs', 'INSERT',
    '{attempts,created_at,job_id,kind,lane,run_at,subject_id,tenant_id}'),
  ('app_platform', 'app.jobs', 'SELECT',
    '{attempts,created_at,dead_at,error,job_id,kind,lane,lease_id,leased_until,run_at,subject_id,tenant_id}'),
  ('app_platform', 'app.jobs', 'UPDATE', '{attempts,dead_at,error,lease_id,leased_until,run_at}'),
  ('app_platform', 'app.kept_answers', 'DELETE', null),
  ('app_platform', 'app.kept_answers', 'SELECT',
    '{answer_id,answer_sealed,begun_at,key_id,name_hash,tenant_id}'),
  ('app_platform', 'app.kept_answers', 'UPDATE', '{answer_sealed}'),
  ('app_platform', 'app.letters', 'DELETE', null),
  ('app_platform', 'app.letters', 'INSERT',
    '{created_at,email,expires_at,kind,letter_id,person_id,tenant_id}'),
  ('app_platform', 'app.letters', 'SELECT',
    '{created_at,email,expires_at,kind,letter_id,person_id,tenant_id,used_at}'),
  ('app_platform', 'app.letters', 'UPDATE', '{used_at}'),
  ('app_platform', 'app.memberships', 'INSERT', '{created_at,email,language,member_id,name,person_id,role,tenant_id}'),
  ('app_platform', 'app.memberships', 'SELECT', '{created_at,language,member_id,person_id,role,role_id,suspended_at,tenant_id}'),
  ('app_platform', 'app.memberships', 'UPDATE', '{email,language,name}'),
  ('app_platform', 'app.model_days', 'DELETE', null),
  ('app_platform', 'app.model_days', 'SELECT', '{day,model_id,tenant_id}'),
  ('app_platform', 'app.meetings', 'SELECT', '{code,empty_since,ends_at,meeting_id,started_at,state,tenant_id}'),
  ('app_platform', 'app.models', 'SELECT', '{key_sealed,model_id,tenant_id}'),
  ('app_platform', 'app.models', 'UPDATE', '{key_sealed}'),
  ('app_platform', 'app.nonces', 'DELETE', null),
  ('app_platform', 'app.nonces', 'SELECT', '{used_at}'),
  ('app_platform', 'app.operator_keys', 'INSERT',
    '{created_at,expires_at,key_hash,key_id,name,permissions,prefix}'),
  ('app_platform', 'app.operator_keys', 'SELECT',
    '{created_at,expires_at,key_hash,key_id,last_used_at,name,permissions,prefix,replaced_at,revoked_at}'),
  ('app_platform', 'app.operator_keys', 'UPDATE', '{expires_at,last_used_at,replaced_at,revoked_at}'),
  ('app_platform', 'app.passkeys', 'DELETE', null),
  ('app_platform', 'app.passkeys', 'INSERT',
    '{created_at,credential,credential_id,name,passkey_id,person_id}'),
  ('app_platform', 'app.passkeys', 'SELECT',
    '{created_at,credential,credential_id,name,passkey_id,person_id,used_at}'),
  ('app_platform', 'app.passkeys', 'UPDATE', '{credential,used_at}'),
  ('app_platform', 'app.people', 'INSERT', '{created_at,email,name,password_hash,person_id,verified_at}'),
  ('app_platform', 'app.people', 'SELECT', '{created_at,email,name,password_epoch,password_hash,person_id,verified_at}'),
  ('app_platform', 'app.people', 'UPDATE', '{email,name,password_epoch,password_hash,verified_at}'),
  ('app_platform', 'app.providers', 'SELECT',
    '{client_id,issuer,name,provider_id,required,secret_sealed,tenant_id}'),
  ('app_platform', 'app.providers', 'UPDATE', '{secret_sealed}'),
  ('app_platform', 'app.receipts', 'DELETE', null),
  ('app_platform', 'app.receipts', 'SELECT', '{created_at,receipt_id,tenant_id}'),
  ('app_platform', 'app.recovery_codes', 'DELETE', null),
  ('app_platform', 'app.recovery_codes', 'INSERT', '{code_hash,person_id}'),
  ('app_platform', 'app.recovery_codes', 'SELECT', '{code_hash,person_id,used_at}'),
  ('app_platform', 'app.recovery_codes', 'UPDATE', '{used_at}'),
  ('app_platform', 'app.roles', 'SELECT', '{name,permissions,role_id,tenant_id}'),
  ('app_platform', 'app.schedules', 'INSERT', '{due_at,name}'),
  ('app_platform', 'app.schedules', 'SELECT', '{due_at,name}'),
  ('app_platform', 'app.schedules', 'UPDATE', '{due_at}'),
  ('app_platform', 'app.schema_migrations', 'SELECT', '{checksum,success,version}'),
  ('app_platform', 'app.second_factors', 'DELETE', null),
  ('app_platform', 'app.second_factors', 'INSERT', '{begun_by,created_at,factor_id,person_id,seed_sealed}'),
  ('app_platform', 'app.second_factors', 'SELECT',
    '{begun_by,confirmed_at,created_at,factor_id,failures,last_step,person_id,seed_sealed}'),
  ('app_platform', 'app.second_factors', 'UPDATE',
    '{begun_by,confirmed_at,created_at,factor_id,failures,last_step,seed_sealed}'),
  ('app_platform', 'app.sessions', 'DELETE', null),
  ('app_platform', 'app.sessions', 'INSERT',
    '{address,created_at,data,device,expires_at,last_seen_at,person_id,session_hash,tenant_id}'),
  ('app_platform', 'app.sessions', 'SELECT',
    '{address,chosen_id,created_at,data,device,expires_at,last_seen_at,next_path,owed,person_id,proofs,session_hash,tenant_id}'),
  ('app_platform', 'app.sessions', 'UPDATE',
    '{address,chosen_id,data,device,expires_at,last_seen_at,next_path,owed,person_id,proofs,tenant_id}'),
  ('app_platform', 'app.sign_in_attempts', 'DELETE', null),
  ('app_platform', 'app.sign_in_attempts', 'INSERT', '{attempt_id,attempted_at,subject}'),
  ('app_platform', 'app.sign_in_attempts', 'SELECT', '{attempt_id,attempted_at,subject}'),
  ('app_platform', 'app.sign_on_answers', 'DELETE', null),
  ('app_platform', 'app.sign_on_answers', 'INSERT', '{answered_at,state_hash}'),
  ('app_platform', 'app.sign_on_answers', 'SELECT', '{answered_at,state_hash}'),
  ('app_platform', 'app.tenants', 'INSERT', '{created_at,made_as,made_of,name,tenant_id}'),
  ('app_platform', 'app.tenants', 'SELECT',
    '{created_at,idle_minutes,language,made_as,made_of,name,remember_facts,second_factor,session_minutes,suspended_at,suspended_reason,tenant_id}'),
  ('app_platform', 'app.tenants', 'UPDATE', '{suspended_at,suspended_reason}'),
  ('app_platform', 'app.tools', 'SELECT', '{secret_sealed,tenant_id,tool_id}'),
  ('app_platform', 'app.tools', 'UPDATE', '{secret_sealed}'),
  ('app_platform', 'app.widgets', 'INSERT', '{created_at,tenant_id,widget_id}'),
  ('app_platform', 'app.widgets', 'SELECT', '{created_at,tenant_id,widget_id}'),
  ('app_tenant', 'app.answer_days', 'DELETE', null),
  ('app_tenant', 'app.answer_days', 'INSERT', null),
  ('app_tenant', 'app.answer_days', 'SELECT', null),
  ('app_tenant', 'app.answer_days', 'UPDATE', null),
  ('app_tenant', 'app.api_keys', 'INSERT', null),
  ('app_tenant', 'app.api_keys', 'SELECT', null),
  ('app_tenant', 'app.api_keys', 'UPDATE', '{expires_at,name,replaced_at,revoked_at}'),
  ('app_tenant', 'app.asked', 'INSERT', null),
  ('app_tenant', 'app.asked', 'SELECT', null),
  ('app_tenant', 'app.asked', 'UPDATE', '{answers,settled_at}'),
  ('app_tenant', 'app.assistants', 'INSERT', null),
  ('app_tenant', 'app.assistants', 'SELECT', null),
  ('app_tenant', 'app.assistants', 'UPDATE', null),
  ('app_tenant', 'app.audit_entries', 'INSERT', null),
  ('app_tenant', 'app.audit_entries', 'SELECT', null),
  ('app_tenant', 'app.audit_heads', 'INSERT', null),
  ('app_tenant', 'app.audit_heads', 'SELECT', null),
  ('app_tenant', 'app.audit_heads', 'UPDATE', '{hash,number,proof}'),
  ('app_tenant', 'app.contact_facts', 'DELETE', null),
  ('app_tenant', 'app.contact_facts', 'INSERT', null),
  ('app_tenant', 'app.contact_facts', 'SELECT', null),
  ('app_tenant', 'app.contact_sessions', 'DELETE', null),
  ('app_tenant', 'app.contact_sessions', 'INSERT', null),
  ('app_tenant', 'app.contact_sessions', 'SELECT', null),
  ('app_tenant', 'app.conversation_summaries', 'INSERT', null),
  ('app_tenant', 'app.conversation_summaries', 'SELECT', null),
  ('app_tenant', 'app.conversation_summaries', 'UPDATE', null),
  ('app_tenant', 'app.domains', 'DELETE', null),
  ('app_tenant', 'app.domains', 'INSERT', null),
  ('app_tenant', 'app.domains', 'SELECT', null),
  ('app_tenant', 'app.domains', 'UPDATE', '{proven_at}'),
  ('app_tenant', 'app.events', 'INSERT', null),
  ('app_tenant', 'app.invitations', 'INSERT', null),
  ('app_tenant', 'app.invitations', 'SELECT', null),
  ('app_tenant', 'app.invitations', 'UPDATE', null),
  ('app_tenant', 'app.jobs', 'INSERT', null),
  ('app_tenant', 'app.jobs', 'SELECT', '{dead_at,kind,lease_id,run_at,subject_id,tenant_id}'),
  ('app_tenant', 'app.jobs', 'UPDATE', '{run_at}'),
  ('app_tenant', 'app.kept_answers', 'DELETE', null),
  ('app_tenant', 'app.kept_answers', 'INSERT', null),
  ('app_tenant', 'app.kept_answers', 'SELECT', null),
  ('app_tenant', 'app.kept_answers', 'UPDATE', null),
  ('app_tenant', 'app.letters', 'SELECT', null),
  ('app_tenant', 'app.letters', 'UPDATE', '{sent_at}'),
  ('app_tenant', 'app.meetings', 'DELETE', null),
  ('app_tenant', 'app.meetings', 'INSERT', null),
  ('app_tenant', 'app.meetings', 'SELECT', null),
  ('app_tenant', 'app.meetings', 'UPDATE', null),
  ('app_tenant', 'app.memberships', 'DELETE', null),
  ('app_tenant', 'app.memberships', 'INSERT', null),
  ('app_tenant', 'app.memberships', 'SELECT', null),
  ('app_tenant', 'app.memberships', 'UPDATE', null),
  ('app_tenant', 'app.model_days', 'DELETE', null),
  ('app_tenant', 'app.model_days', 'INSERT', null),
  ('app_tenant', 'app.model_days', 'SELECT', null),
  ('app_tenant', 'app.model_days', 'UPDATE', null),
  ('app_tenant', 'app.models', 'DELETE', null),
  ('app_tenant', 'app.models', 'INSERT', null),
  ('app_tenant', 'app.models', 'SELECT', null),
  ('app_tenant', 'app.models', 'UPDATE', null),
  ('app_tenant', 'app.nonces', 'INSERT', null),
  ('app_tenant', 'app.nonces', 'SELECT', null),
  ('app_tenant', 'app.personality_versions', 'DELETE', null),
  ('app_tenant', 'app.personality_versions', 'INSERT', null),
  ('app_tenant', 'app.personality_versions', 'SELECT', null),
  ('app_tenant', 'app.receipts', 'INSERT', null),
  ('app_tenant', 'app.receipts', 'SELECT', null),
  ('app_tenant', 'app.roles', 'DELETE', null),
  ('app_tenant', 'app.roles', 'INSERT', null),
  ('app_tenant', 'app.roles', 'SELECT', null),
  ('app_tenant', 'app.roles', 'UPDATE', null),
  ('app_tenant', 'app.tenants', 'SELECT', null),
  ('app_tenant', 'app.providers', 'DELETE', null),
  ('app_tenant', 'app.providers', 'INSERT', null),
  ('app_tenant', 'app.providers', 'SELECT', null),
  ('app_tenant', 'app.providers', 'UPDATE', null),
  ('app_tenant', 'app.settings', 'INSERT', null),
  ('app_tenant', 'app.settings', 'SELECT', null),
  ('app_tenant', 'app.tenants', 'UPDATE', '{calls,embed_origins,idle_minutes,language,mask_personal_data,name,remember_facts,second_factor,service_hours,session_minutes,time_zone}'),
  ('app_tenant', 'app.tools', 'DELETE', null),
  ('app_tenant', 'app.tools', 'INSERT', null),
  ('app_tenant', 'app.tools', 'SELECT', null),
  ('app_tenant', 'app.tools', 'UPDATE', null),
  ('app_tenant', 'app.widgets', 'INSERT', null),
  ('app_tenant', 'app.widgets', 'SELECT', null)
),

-- Doors: app_door sees of these the row whose hash it presents in `app.credential`, or, where there is none, those of the
-- tenant that it found by one.
doors (t, hash) as (values
  ('app.api_keys', 'key_hash'),
  ('app.memberships', null),
  ('app.roles', null),
  ('app.sessions', 'session_hash'),
  ('app.tenants', null)
),

-- Functions that app_door may call, and the MD5 of the body of those that decide whose a transaction is.
door_functions (f, body) as (values
  ('app.credential()', null),
  ('app.enter_key(text, uuid, timestamp with time zone, timestamp with time zone)', 'afecd44f5345ad362c503f2fc88d7246'),
  ('app.enter_session(text, uuid, timestamp with time zone, timestamp with time zone, timestamp with time zone, timestamp with time zone)',
    '155885687c84e172a21002cc6f5c9e7c'),
  ('app.tenant_id()', null)
),

-- Indexes for work across tenants, which need not lead with tenant_id.
directory_indexes (i) as (values
  ('app.answer_days_day_idx'),
  ('app.api_keys_key_hash_key'),
  ('app.asked_asked_idx'),
  ('app.asked_settled_idx'),
  ('app.events_created_idx'),
  ('app.events_order_idx'),
  ('app.contact_facts_created_idx'),
  ('app.contact_sessions_seen_idx'),
  ('app.domains_proven_key'),
  ('app.providers_provider_idx'),
  ('app.contact_sessions_token_hash_key'),
  ('app.jobs_due_idx'),
  ('app.jobs_leased_idx'),
  ('app.kept_answers_begun_idx'),
  ('app.meetings_code_key'),
  ('app.meetings_open_idx'),
  ('app.memberships_person_idx'),
  ('app.model_days_day_idx'),
  ('app.nonces_used_idx'),
  ('app.receipts_created_idx'),
  ('app.tenants_made_key'),
  ('app.widgets_widget_key')
),

-- Functions that run with their owner's rights, as schema.name(arguments): none.
definers (f) as (select null::text where false),

-- Extensions that compute on the values they are given and read no tables themselves.
extensions (e) as (values
  ('btree_gin'),
  ('pg_trgm'),
  ('pgcrypto'),
  ('plpgsql'),
  ('unaccent'),
  ('vector')
),

-- ── What is there ──────────────────────────────────────────────────────────────────────────────────────────────────────

-- The roles of the application, by what they are.
roles (name, kind) as (
  values ('app_owner', 'owner')
  union select role, 'group' from logins
  union select login, 'login' from logins
),
judged as (
  select r.oid, r.rolname, roles.kind
  from roles join pg_roles r on r.rolname = roles.name
  where roles.kind <> 'owner'
),

here as (select oid, datname, datdba, datacl from pg_database where datname = current_database()),

schemas as (
  select oid, nspname, nspowner, nspacl from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'
),

-- Tables, views and the like. What an extension brought is judged by the extension's name.
relations as (
  select c.oid, format('%I.%I', s.nspname, c.relname) as t, c.relkind, c.relowner, c.relacl, c.reloptions,
    c.relrowsecurity, c.relforcerowsecurity, c.relispartition as is_partition
  from pg_class c join schemas s on s.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
    and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
),
tables as (
  select r.*, r.t in (select t from global_tables) as is_global, r.t in (select t from ledgers) as is_ledger,
    a.attnum as tenant_id, coalesce(a.attnotnull, false) as tenant_id_not_null
  from relations r
  left join pg_attribute a
    on a.attrelid = r.oid and a.attname = 'tenant_id' and a.atttypid = 'uuid'::regtype and not a.attisdropped
  where r.relkind in ('r', 'p')
),
routines as (
  select p.*, format('%I.%I(%s)', s.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) as f
  from pg_proc p join schemas s on s.oid = p.pronamespace
  where not exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
),

-- Policies, and whether each is one of the three kinds that app.protect, app.directory and app.door make, word for word.
policies as (
  select tables.t, p.polname,
    p.polpermissive and p.polcmd = '*' and p.polroles = array[to_regrole('app_tenant')::oid]
      and using_text = '(tenant_id = ( SELECT app.tenant_id() AS tenant_id))'
      and check_text = '(tenant_id = ( SELECT app.tenant_id() AS tenant_id))'
      and not tables.is_global and not tables.is_ledger as is_tenant,
    p.polpermissive and p.polcmd = 'r' and p.polroles = array[to_regrole('app_door')::oid] and check_text is null
      and exists (
        select from doors
        where doors.t = tables.t and using_text = case
          when doors.hash is null then '(tenant_id = ( SELECT app.tenant_id() AS tenant_id))'
          else format('(%I = ( SELECT app.credential() AS credential))', doors.hash) end
      ) as is_door,
    p.polpermissive and p.polroles = array[to_regrole('app_platform')::oid]
      and using_text is not distinct from case when p.polcmd = 'a' then null else 'true' end
      and check_text is not distinct from case when p.polcmd in ('a', 'w') then 'true' end
      and exists (
        select from rights
        where rights.role = 'app_platform' and rights.t = tables.t
          and p.polcmd::text = case rights.privilege
            when 'SELECT' then 'r' when 'INSERT' then 'a' when 'UPDATE' then 'w' when 'DELETE' then 'd' end
      ) as is_directory
  from pg_policy p
  join tables on tables.oid = p.polrelid
  cross join lateral (
    select pg_get_expr(p.polqual, p.polrelid) as using_text, pg_get_expr(p.polwithcheck, p.polrelid) as check_text
  ) text
),

-- Every right that somebody other than the owner has, on anything.
grants as (
  select o.kind, o.object, o.id, o.col, acl.privilege_type as privilege, acl.is_grantable as grantable, who.grantee,
    who.grantee || case when acl.is_grantable then ' with grant option' else '' end as to_whom
  from (
    select 'relation', t, oid, null::name, relowner, relacl from relations
    union all
    select 'relation', r.t, r.oid, a.attname, r.relowner, a.attacl
    from relations r join pg_attribute a on a.attrelid = r.oid
    where a.attacl is not null and not a.attisdropped
    union all
    select 'routine', f, oid, null, proowner, coalesce(proacl, acldefault('f', proowner)) from routines
    union all
    select 'schema', nspname, oid, null, nspowner, nspacl from schemas
    union all
    select 'database', 'database', oid, null, datdba, coalesce(datacl, acldefault('d', datdba)) from here
    union all
    select 'parameter', 'parameter ' || parname, oid, null, null, paracl from pg_parameter_acl
    union all
    select 'future', format('future objects (%s) in %s', d.defaclobjtype, coalesce(s.nspname, 'every schema')),
      d.oid, null, d.defaclrole, d.defaclacl
    from pg_default_acl d left join pg_namespace s on s.oid = d.defaclnamespace
  ) o (kind, object, id, col, owner, acl)
  cross join lateral aclexplode(o.acl) acl
  cross join lateral (select case acl.grantee when 0 then 'public' else pg_get_userbyid(acl.grantee) end as grantee) who
  where acl.grantee is distinct from o.owner
),

-- ── What breaks a lock ─────────────────────────────────────────────────────────────────────────────────────────────────
problems (object, problem) as (

  -- Tables: walled, and keyed by tenant.
  select t, 'row-level security is not enabled' from tables where not relrowsecurity and not is_ledger
  union all
  select t, 'row-level security is not forced' from tables where not relforcerowsecurity and not is_ledger
  union all
  select t, 'no column tenant_id uuid not null' from tables
  where not is_global and not is_ledger and not tenant_id_not_null
  union all
  select t, 'no tenant policy' from tables
  where not is_global and not is_ledger and not is_partition
    and not exists (select from policies where policies.t = tables.t and is_tenant)
  union all
  select t, 'more than one tenant policy' from policies where is_tenant group by t having count(*) > 1
  union all
  select t, format('policy %s is not one that app.protect, app.directory or app.door makes', polname) from policies
  where (is_tenant or is_door or is_directory) is not true
  union all
  select t, 'no primary key' from tables
  where not exists (select from pg_index where indrelid = tables.oid and indisprimary)
  union all
  select tables.t, format('index %s does not lead with tenant_id', ic.relname)
  from tables
  join pg_index i on i.indrelid = tables.oid
  join pg_class ic on ic.oid = i.indexrelid
  join pg_am am on am.oid = ic.relam
  join pg_namespace n on n.oid = ic.relnamespace
  where not tables.is_global and not tables.is_ledger
    and (i.indisunique or i.indisexclusion or am.amname in ('btree', 'hash'))
    and i.indkey[0] is distinct from tables.tenant_id
    and format('%I.%I', n.nspname, ic.relname) not in (select i from directory_indexes)
    and not exists (select from pg_inherits where inhrelid = ic.oid)
  union all
  select tables.t, format('foreign key %s does not pair tenant_id with tenant_id', k.conname)
  from tables
  join pg_constraint k on k.conrelid = tables.oid and k.contype = 'f'
  join tables other on other.oid = k.confrelid
  where not other.is_global
    and not exists (
      select from generate_subscripts(k.conkey, 1) i
      where k.conkey[i] = tables.tenant_id and k.confkey[i] = other.tenant_id)
  union all
  select tables.t, format('foreign key %s takes tenant_id away from a row', k.conname)
  from tables join pg_constraint k on k.conrelid = tables.oid and k.contype = 'f'
  where tables.tenant_id = any (k.conkey)
    and (k.confupdtype in ('n', 'd')
      or k.confdeltype in ('n', 'd') and (k.confdelsetcols is null or tables.tenant_id = any (k.confdelsetcols)))
  union all
  select t, format('constraint %s is not validated', conname)
  from tables join pg_constraint on conrelid = tables.oid where not convalidated
  union all
  select t, format('trigger %s is not as it was made', tgname)
  from tables join pg_trigger on tgrelid = tables.oid where tgenabled <> 'O'
  union all
  select t, 'rule ' || rulename from tables join pg_rewrite on ev_class = tables.oid

  -- Other relations: none that shows rows without a policy.
  union all
  select t, 'the view is not security_invoker' from relations
  where relkind = 'v' and not coalesce(
    (select bool_or(option_value::boolean) from pg_options_to_table(reloptions) where option_name = 'security_invoker'), false)
  union all
  select t, case relkind when 'm' then 'a materialized view' when 'f' then 'a foreign table' else 'a sequence' end
    || ' has no row-level security'
  from relations where relkind in ('m', 'f', 'S')
  union all
  select t, 'owned by ' || pg_get_userbyid(relowner) from relations
  where relowner is distinct from to_regrole('app_owner')::oid

  -- Rights on tables and views: what the list says; on a tenants' table, and on a view, all four verbs.
  union all
  select g.object, format('%s (%s) granted to %s', g.privilege, string_agg(g.col, ', ' order by g.col), g.to_whom)
  from grants g join relations r on r.oid = g.id
  where g.kind = 'relation' and g.col is not null and (
    g.grantable or r.is_partition
    or not (
      exists (
        select from rights
        where rights.role = g.grantee and rights.t = g.object and rights.privilege = g.privilege
          and (rights.columns is null or g.col = any (rights.columns)))
      or g.grantee = 'app_tenant' and g.privilege in ('SELECT', 'INSERT', 'UPDATE') and r.relkind in ('r', 'p', 'v')
        and g.object not in (select t from rights union select t from global_tables union select t from ledgers)))
  group by g.object, g.privilege, g.to_whom
  union all
  select g.object, format('%s granted to %s', g.privilege, g.to_whom)
  from grants g join relations r on r.oid = g.id
  where g.kind = 'relation' and g.col is null and (
    g.grantable or r.is_partition
    or not (
      exists (
        select from rights
        where rights.role = g.grantee and rights.t = g.object and rights.privilege = g.privilege and rights.columns is null)
      or g.grantee = 'app_tenant' and g.privilege in ('SELECT', 'INSERT', 'UPDATE', 'DELETE') and r.relkind in ('r', 'p', 'v')
        and g.object not in (select t from rights union select t from global_tables union select t from ledgers)))

  -- Functions and procedures: the caller's rights, and nobody's but the roles'.
  union all
  select f, 'security definer'
    || case when array_to_string(proconfig, ',') ~ '(^|,)search_path=' then '' else ' without search_path' end
  from routines where prosecdef and f not in (select f from definers)
  union all
  select f, 'leakproof' from routines where proleakproof
  union all
  select f, 'owned by ' || pg_get_userbyid(proowner) from routines where proowner is distinct from to_regrole('app_owner')::oid
  union all
  select object, 'executable by ' || to_whom from grants
  where kind = 'routine' and (grantable or grantee not in ('app_tenant', 'app_platform')
    and not (grantee = 'app_door' and id in (
      select oid from routines where split_part(routines.f, '(', 1) || '(' || oidvectortypes(proargtypes) || ')' in (select f from door_functions))))
  union all
  select reviewed.f, 'is not the reviewed definition'
  from (values
    ('app.tenant_id()', 'uuid'::regtype, $$RETURN (NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid$$),
    ('app.credential()', 'bytea', $$RETURN (NULLIF(current_setting('app.credential'::text, true), ''::text))::bytea$$)
  ) reviewed (f, gives, body)
  where not exists (
    select from routines join pg_language l on l.oid = prolang
    where routines.f = reviewed.f and l.lanname = 'sql' and provolatile = 's' and proparallel = 's' and not prosecdef
      and not proretset and prorettype = reviewed.gives and proconfig is null
      and pg_get_function_sqlbody(routines.oid) = reviewed.body)
  union all
  select door_functions.f, 'is not the reviewed definition' from door_functions
  where body is not null and not exists (
    select from routines join pg_language l on l.oid = prolang
    where split_part(routines.f, '(', 1) || '(' || oidvectortypes(proargtypes) || ')' = door_functions.f
      and md5(prosrc) = body and l.lanname = 'plpgsql' and provolatile = 'v' and not proretset and proconfig is null)
  union all
  select t, 'no door policy' from doors where not exists (select from policies where policies.t = doors.t and is_door)

  -- Schemas, the database, what is granted in advance.
  union all
  select 'schema app', 'owned by ' || pg_get_userbyid(nspowner) from schemas
  where nspname = 'app' and nspowner is distinct from to_regrole('app_owner')::oid
  union all
  select 'schema ' || object, format('%s granted to %s', privilege, to_whom) from grants
  where kind = 'schema' and case
    when object = 'app' then grantable or privilege <> 'USAGE' or grantee not in ('app_tenant', 'app_door', 'app_platform')
    when object = 'public' and grantee = 'public' then privilege <> 'USAGE'
    else grantee = 'public' or grantee in (select rolname from judged) end
  union all
  select object, format('%s granted to %s', privilege, to_whom) from grants
  where kind = 'database' and privilege in ('CREATE', 'TEMPORARY')
    and (grantee = 'public' or grantee in (select rolname from judged))
  union all
  select object, format('%s granted to %s', privilege, to_whom) from grants where kind = 'future'
  union all
  select object, format('%s granted to %s', privilege, to_whom) from grants
  where kind = 'parameter' and (grantee = 'public' or grantee in (select rolname from judged))

  -- What reaches rows by another way, or sets a tenant or a role unasked.
  union all
  select 'extension ' || extname, 'is not on the list' from pg_extension where extname not in (select e from extensions)
  union all
  select 'foreign server ' || srvname, 'exists' from pg_foreign_server
  union all
  select 'large objects', count(*) || ' exist' from pg_largeobject_metadata having count(*) > 0
  union all
  select 'settings of ' || case setrole when 0 then 'every role' else pg_get_userbyid(setrole) end, setting
  from pg_db_role_setting cross join lateral unnest(setconfig) as setting
  where (setdatabase = 0 or setdatabase = (select oid from here))
    and (setrole = 0 or setrole in (select oid from judged))
    and setting ~* '^(app\.|role=|session_authorization=|row_security=|search_path=|session_replication_role=)'

  -- Roles: without powers, without heritage, each reached as the list says.
  union all
  select 'role ' || name, 'does not exist' from roles where to_regrole(name) is null
  union all
  select 'role ' || r.rolname, 'superuser, bypassrls, createrole, createdb or replication'
  from roles join pg_roles r on r.rolname = roles.name
  where r.rolsuper or r.rolbypassrls or r.rolcreaterole or r.rolcreatedb or r.rolreplication
  union all
  select 'role ' || r.rolname, 'can log in'
  from roles join pg_roles r on r.rolname = roles.name where r.rolcanlogin and roles.kind <> 'login'
  union all
  select 'role ' || r.rolname, 'is a member of ' || other.rolname
  from roles join pg_roles r on r.rolname = roles.name cross join pg_roles other
  where r.oid <> other.oid and not r.rolsuper and pg_has_role(r.oid, other.oid, 'member')
    and not exists (select from logins where login = r.rolname and role = other.rolname)
  union all
  select 'role ' || r.rolname, 'inherits ' || other.rolname
  from roles join pg_roles r on r.rolname = roles.name cross join pg_roles other
  where r.oid <> other.oid and not r.rolsuper and pg_has_role(r.oid, other.oid, 'usage')
  union all
  select 'role ' || m.rolname, 'may grant ' || r.rolname
  from pg_auth_members a join pg_roles m on m.oid = a.member join pg_roles r on r.oid = a.roleid
  where a.admin_option and m.rolname in (select name from roles)
  union all
  -- Whoever migrates may become app_owner: a superuser, who may make roles, or the owner of a database (roles belong to
  -- the server, so another installation's migrator is a member as well).
  select 'role ' || r.rolname, 'has the member ' || m.rolname
  from pg_auth_members a join pg_roles m on m.oid = a.member join pg_roles r on r.oid = a.roleid
  where r.rolname in (select name from roles) and m.rolname not in (select name from roles)
    and not (m.rolsuper or m.rolcreaterole or exists (select from pg_database where datdba = m.oid))
  union all
  select 'role ' || rolname, 'owns something' from judged
  where exists (
    select from pg_shdepend where refclassid = 'pg_authid'::regclass and refobjid = judged.oid and deptype = 'o')
  union all
  -- A login has rights on nothing but the database; the roles have none on what PostgreSQL brings (oids below 16384).
  select 'role ' || rolname, 'has rights on ' || pg_describe_object(classid, objid, objsubid)
  from judged join pg_shdepend on refclassid = 'pg_authid'::regclass and refobjid = judged.oid
  where deptype in ('a', 'r') and dbid in (0, (select oid from here)) and classid <> 'pg_database'::regclass
    and (judged.kind = 'login' or objid < 16384)
  union all
  select 'session', format('runs as %s, not as %s', session_user, (select string_agg(distinct login, ' or ' order by login) from logins))
  where session_user not in (select login from logins) and current_user <> 'app_owner'

  -- The lists themselves: a name that nothing bears any more waits for something else to take it.
  union all
  select t, 'is on a list of the proof and does not exist'
  from (select t from global_tables union select t from ledgers union select t from rights union select t from doors) listed
  where t not in (select t from tables)
  union all
  select i, 'is on a list of the proof and does not exist' from directory_indexes
  where not exists (
    select from pg_index x join tables on tables.oid = x.indrelid join pg_class ic on ic.oid = x.indexrelid
    join pg_namespace n on n.oid = ic.relnamespace where format('%I.%I', n.nspname, ic.relname) = i)
  union all
  select rights.t, format('column %s is on a list of the proof and does not exist', name)
  from rights join tables on tables.t = rights.t cross join lateral unnest(rights.columns) as name
  where not exists (
    select from pg_attribute where attrelid = tables.oid and attname = name and attnum > 0 and not attisdropped)
)
select distinct object::text, problem::text from problems order by 1, 2
