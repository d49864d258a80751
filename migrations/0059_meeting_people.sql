-- People of a meeting: a member is there by a session, and leads by what they may, or because a host has made them one.
alter table app.meeting_people
  -- What the database knows the session by that a member came with last. One from before this comes again by the one that is open.
  add column session_hash bytea,
  -- Whether they lead because they manage meetings.
  add column by_right boolean not null default false;
alter table app.meeting_people add constraint meeting_people_session_hash_check check (octet_length(session_hash) = 32);
-- (The owner is bound by the policies and would change no row; a type that is made anew is made of every row.)
alter table app.meeting_people alter column by_right type boolean using (role = 'host' and kind = 'member');

-- Nobody has agreed to be seen, heard and read before they have said so: a program that lets somebody in does not say it for them.
alter table app.meeting_people alter column consented_at drop not null;

-- For how long somebody was in it: since when they are, and for how many milliseconds they were all the times before. Of those from before this it is
-- known when they first came and last left.
alter table app.meeting_people
  add column entered_at timestamptz,
  add column present_ms bigint not null default 0;
alter table app.meeting_people
  alter column entered_at type timestamptz using case when state = 'in' then joined_at end,
  alter column present_ms type bigint
    using case when state <> 'in' and left_at > joined_at then (extract(epoch from left_at - joined_at) * 1000)::bigint else 0 end;
