-- What a tenant knows: documents, the pieces that can be found, and for each piece its words and its meaning.
create table app.documents (
  tenant_id uuid not null,
  document_id uuid not null,
  title text not null,
  file_name text not null,
  kind text not null,
  markdown boolean not null,
  language text not null,
  byte_size integer not null,
  sha256 bytea not null,
  state text not null,
  error text,
  chunk_count integer not null,
  by_meaning boolean not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint documents_pkey primary key (tenant_id, document_id),
  constraint documents_tenant_fkey foreign key (tenant_id) references app.tenants (tenant_id) on delete cascade,
  constraint documents_title_check check (char_length(title) between 1 and 200),
  constraint documents_file_name_check check (char_length(file_name) between 1 and 200),
  constraint documents_kind_check check (kind in ('text', 'qa')),
  -- A text search configuration of PostgreSQL's.
  constraint documents_language_check check (language ~ '^[a-z]{2,20}$'),
  constraint documents_byte_size_check check (byte_size >= 0),
  constraint documents_sha256_check check (octet_length(sha256) = 32),
  constraint documents_state_check check (state in ('queued', 'processing', 'ready', 'failed')),
  constraint documents_error_check check (char_length(error) <= 500 and (error is null or state = 'failed')),
  constraint documents_chunk_count_check check (chunk_count >= 0)
);
call app.protect('app.documents');

-- The text of a document, apart from what lists show.
create table app.document_texts (
  tenant_id uuid not null,
  document_id uuid not null,
  text text not null,
  constraint document_texts_pkey primary key (tenant_id, document_id),
  constraint document_texts_document_fkey foreign key (tenant_id, document_id)
    references app.documents (tenant_id, document_id) on delete cascade
);
call app.protect('app.document_texts', rights => 'select, insert, delete');

-- A piece: `starts` and `ends` are bytes of the document's text, in UTF-8.
create table app.chunks (
  tenant_id uuid not null,
  chunk_id uuid not null,
  document_id uuid not null,
  position integer not null,
  starts integer not null,
  ends integer not null,
  title text not null,
  text text not null,
  term_count integer not null,
  constraint chunks_pkey primary key (tenant_id, chunk_id),
  constraint chunks_position_key unique (tenant_id, document_id, position),
  constraint chunks_document_fkey foreign key (tenant_id, document_id)
    references app.documents (tenant_id, document_id) on delete cascade,
  constraint chunks_range_check check (starts >= 0 and ends > starts)
);
call app.protect('app.chunks', rights => 'select, insert, delete');

-- Full text: how often a word, as PostgreSQL reduces it, stands in a piece. A GIN index is out of reach under a policy.
create table app.chunk_terms (
  tenant_id uuid not null,
  term text not null,
  chunk_id uuid not null,
  frequency integer not null,
  constraint chunk_terms_pkey primary key (tenant_id, term, chunk_id),
  constraint chunk_terms_chunk_fkey foreign key (tenant_id, chunk_id)
    references app.chunks (tenant_id, chunk_id) on delete cascade
);
call app.protect('app.chunk_terms', rights => 'select, insert, delete');
-- For deleting a piece.
create index chunk_terms_chunk_idx on app.chunk_terms (tenant_id, chunk_id);

-- Meaning: what a model makes of a piece. Models differ in their dimensions, so the column has none.
create table app.chunk_vectors (
  tenant_id uuid not null,
  chunk_id uuid not null,
  model_id text not null,
  embedding vector not null,
  constraint chunk_vectors_pkey primary key (tenant_id, chunk_id, model_id),
  constraint chunk_vectors_chunk_fkey foreign key (tenant_id, chunk_id)
    references app.chunks (tenant_id, chunk_id) on delete cascade,
  constraint chunk_vectors_model_id_check check (char_length(model_id) between 1 and 100)
);
call app.protect('app.chunk_vectors', rights => 'select, insert, delete');
