-- What was asked is forgotten in time: 90 days after it was settled, and a year after it was asked. Work across tenants sees when that was,
-- and no word of it.
call app.directory('app.asked', reads => 'asked_at, settled_at', deletes => true);
create index asked_asked_idx on app.asked (asked_at);
create index asked_settled_idx on app.asked (settled_at) where settled_at is not null;
