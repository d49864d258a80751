"""Trains the reader: all-MiniLM-L6-v2 with low-rank additions reads a question and a passage together and judges whether the passage
answers the question, and with which words. JAX, on a GPU (some five minutes) or a CPU (many hours). What it takes and what came of it: README.md.

MINILM=.tools/vendor/models/all-minilm-l6-v2 python3 train.py OUT.safetensors SQUAD.jsonl[.gz] VALIDATION TRAINING...
VALIDATION and TRAINING are what `samtal eval QUESTIONS --passages FILE` writes."""
import functools, gzip, json, math, os, random, re, struct, sys, time
import numpy as np, jax, jax.numpy as jnp
from tokenizers import Tokenizer
from safetensors.numpy import load_file

jax.config.update('jax_default_prng_impl', 'rbg')
M = os.environ['MINILM']
W = {k: jnp.asarray(v.astype(np.float32)) for k, v in load_file(f'{M}/model.safetensors').items() if 'position_ids' not in k}
tok = Tokenizer.from_file(f'{M}/tokenizer.json'); tok.no_padding(); tok.no_truncation()
NAMES = ['attention.self.query', 'attention.self.key', 'attention.self.value', 'attention.output.dense', 'intermediate.dense', 'output.dense']
MAXQ, MAXLEN, BUCKETS = 96, 256, (112, 176, 256)
MAX_ABOVE = 300

def opened(path): return gzip.open(path, 'rt', encoding='utf8') if path.endswith('.gz') else open(path, encoding='utf8')

def norm(s): return re.sub(r'[^\w€$£%]+', ' ', s.lower().replace('_', ' ')).strip()

def candidates(path):
    """Questions with the passages that the search finds for them, and which of these answer."""
    out = []
    for line in opened(path):
        r = json.loads(line)
        a = norm(r['a']) if r.get('a') else None
        for h in r['hits']:
            h['right'] = bool(a) and h['doc'].removesuffix('.md') == r['doc'] and a in norm(h['title'] + '\n' + h['text'])
        out.append(r)
    return out

def span_of(text, a):
    """Where the answer stands in a text that was rendered: by letters and digits alone."""
    keep = [i for i, c in enumerate(text) if c.isalnum()]
    flat = ''.join(text[i].lower() for i in keep); want = ''.join(c.lower() for c in a if c.isalnum())
    at = flat.find(want)
    return (keep[at], keep[at + len(want) - 1] + 1) if want and at >= 0 else None

@functools.lru_cache(maxsize=200_000)
def pieces(text):
    e = tok.encode(text, add_special_tokens=False); return e.ids, e.offsets

def encode(q, title, text, a=None):
    above = title[:MAX_ABOVE]
    ids_p, offsets = pieces(f'{above}\n{text}')
    qi = tok.encode(q, add_special_tokens=False).ids[:MAXQ]; room = MAXLEN - 3 - len(qi); pi = ids_p[:room]
    ids = [101] + qi + [102] + pi + [102]
    span = (-1, -1)
    if a is not None:
        s = span_of(f'{above}\n{text}', a) if span_of(text, a) is None else tuple(x + len(above) + 1 for x in span_of(text, a))
        if s:
            inside = [i for i, (x, y) in enumerate(offsets[:room]) if x < s[1] and y > s[0]]
            if inside: span = (inside[0] + len(qi) + 2, inside[-1] + len(qi) + 2)
    return ids, len(qi) + 2, span

NEAR = {c: n for row in ('qwertyuiop', 'asdfghjkl', 'zxcvbnm') for c, n in zip(row, row[1:] + row[-2])}
def typos(q, rng):
    """As people type who are in a hurry."""
    words = q.split(' ')
    for i, w in enumerate(words):
        if len(w) > 3 and rng.random() < 0.3:
            k = rng.randrange(1, len(w) - 1); kind = rng.random()
            if kind < 0.3: w = w[:k] + w[k + 1] + w[k] + w[k + 2:]
            elif kind < 0.55: w = w[:k] + w[k + 1:]
            elif kind < 0.75: w = w[:k] + w[k] + w[k:]
            else: w = w[:k] + NEAR.get(w[k].lower(), w[k]) + w[k + 1:]
            words[i] = w
    q = ' '.join(words)
    if rng.random() < 0.1:
        k = q.find(' ', rng.randrange(len(q)));  q = q[:k] + q[k + 1:] if k > 0 else q
    return q
def noisy(q, rng):
    x = rng.random()
    if x < 0.15: q = typos(q, rng)
    if rng.random() < 0.15: q = q.lower().rstrip('?!.')
    return q

def ln(x, w, b):
    m = x.mean(-1, keepdims=True); v = ((x - m) ** 2).mean(-1, keepdims=True); return (x - m) * jax.lax.rsqrt(v + 1e-12) * w + b

def init(key, R):
    L = {}
    for l in range(6):
        for n in NAMES:
            w = W[f'encoder.layer.{l}.{n}.weight']; key, k = jax.random.split(key)
            L[f'{l}.{n}.A'] = jax.random.normal(k, (w.shape[1], R)) / np.sqrt(w.shape[1]); L[f'{l}.{n}.B'] = jnp.zeros((R, w.shape[0]))
    L['kinds'] = W['embeddings.token_type_embeddings.weight'][:2] * 1.0
    key, k = jax.random.split(key); L['answers.w1'] = jax.random.normal(k, (384 * 2, 128)) * 0.03; L['answers.b1'] = jnp.zeros(128)
    key, k = jax.random.split(key); L['answers.w2'] = jax.random.normal(k, (128, 1)) * 0.05; L['answers.b2'] = jnp.zeros(1)
    key, k = jax.random.split(key); L['span'] = jax.random.normal(k, (384, 2)) * 0.03
    return L

def forward(L, ids, tt, mask, drop=None, rate=0.1):
    c16 = jnp.bfloat16 if jax.default_backend() == 'gpu' else jnp.float32
    def lin(x, l, n):
        p = f'encoder.layer.{l}.{n}'
        w = (W[p + '.weight'].T + L[f'{l}.{n}.A'] @ L[f'{l}.{n}.B']).astype(c16)
        return (x.astype(c16) @ w).astype(jnp.float32) + W[p + '.bias']
    B, T = ids.shape
    x = W['embeddings.word_embeddings.weight'][ids] + W['embeddings.position_embeddings.weight'][:T] + L['kinds'][tt]
    x = ln(x, W['embeddings.LayerNorm.weight'], W['embeddings.LayerNorm.bias'])
    bias = (1 - mask)[:, None, None, :] * -1e9
    def d(x, i):
        if drop is None: return x
        k = jax.random.fold_in(drop, i); keep = jax.random.bernoulli(k, 1 - rate, x.shape); return jnp.where(keep, x / (1 - rate), 0)
    x = d(x, 99)
    for l in range(6):
        p = f'encoder.layer.{l}.'
        h = lambda n: lin(x, l, n).reshape(B, T, 12, 32).transpose(0, 2, 1, 3).astype(c16)
        q, k, v = h(NAMES[0]), h(NAMES[1]), h(NAMES[2])
        s = jax.nn.softmax((q @ k.transpose(0, 1, 3, 2)).astype(jnp.float32) / np.sqrt(32) + bias, -1)
        c = (s.astype(c16) @ v).astype(jnp.float32).transpose(0, 2, 1, 3).reshape(B, T, 384)
        x = ln(d(lin(c, l, NAMES[3]), 2 * l) + x, W[p + 'attention.output.LayerNorm.weight'], W[p + 'attention.output.LayerNorm.bias'])
        x = ln(d(lin(jax.nn.gelu(lin(x, l, NAMES[4]), approximate=False), l, NAMES[5]), 2 * l + 1) + x, W[p + 'output.LayerNorm.weight'], W[p + 'output.LayerNorm.bias'])
    pm = (mask * tt)[..., None]; mean = (x * pm).sum(1) / jnp.maximum(pm.sum(1), 1)
    z = jnp.concatenate([x[:, 0], mean], -1); z = jnp.tanh(z @ L['answers.w1'] + L['answers.b1']) @ L['answers.w2'] + L['answers.b2']
    sp = x @ L['span'] + (1 - mask * tt)[..., None] * -1e9
    return z[:, 0], sp

def loss_fn(L, b, key, K, listw, spanw, rate):
    z, sp = forward(L, b['ids'], b['tt'], b['mask'], key, rate)
    y, w = b['y'], b['w']
    bce = (jnp.maximum(z, 0) - z * y + jnp.log1p(jnp.exp(-jnp.abs(z)))) * w
    zg, yg = jnp.where(w > 0, z, -1e9).reshape(-1, K), y.reshape(-1, K)
    has = (yg.sum(1) > 0).astype(jnp.float32)
    lse = jax.nn.logsumexp(zg, 1); good = jax.nn.logsumexp(jnp.where(yg > 0, zg, -1e9), 1)
    listwise = ((lse - good) * has).sum() / jnp.maximum(has.sum(), 1)
    ls = jax.nn.log_softmax(sp, 1); hs = (b['span'][:, 0] >= 0).astype(jnp.float32)
    s = jnp.take_along_axis(ls[:, :, 0], jnp.maximum(b['span'][:, :1], 0), 1)[:, 0]; e = jnp.take_along_axis(ls[:, :, 1], jnp.maximum(b['span'][:, 1:], 0), 1)[:, 0]
    spanl = (-(s + e) * hs).sum() / jnp.maximum(hs.sum(), 1)
    return bce.sum() / w.sum() + listw * listwise + spanw * spanl

def pack(pairs, n):
    T = next(t for t in BUCKETS if max(len(p[0]) for p in pairs) <= t)
    ids = np.zeros((n, T), np.int32); tt = np.zeros((n, T), np.int32); mask = np.zeros((n, T), np.float32)
    y = np.zeros(n, np.float32); w = np.zeros(n, np.float32); sp = -np.ones((n, 2), np.int32)
    for r, (i, at, s, lab, wt) in enumerate(pairs):
        ids[r, :len(i)] = i; tt[r, at:len(i)] = 1; mask[r, :len(i)] = 1; y[r] = lab; w[r] = wt; sp[r] = s
    return dict(ids=ids, tt=tt, mask=mask, y=y, w=w, span=sp)

def group(r, K, rng, noise):
    """One question with K passages: what answers, and what is nearest and does not."""
    q = noisy(r['q'], rng) if noise else r['q']
    right = [h for h in r['hits'] if h['right']]; wrong = [h for h in r['hits'] if not h['right']]
    n = K - min(2, len(right))
    wrong = sorted(wrong, key=lambda h: -h.get('score', 0) + rng.random() * 0.25)[:n]
    pick = rng.sample(right, min(2, len(right))) + wrong
    out = []
    for h in pick:
        i, at, s = encode(q, h['title'], h['text'], r['a'] if h['right'] else None)
        out.append((i, at, s, float(h['right']), 1.5 if h['right'] else 1.0))
    while len(out) < K: out.append(([101, 102, 102], 2, (-1, -1), 0.0, 0.0))
    return out

def batches(rows, K, per, rng, noise=True):
    gs = [group(r, K, rng, noise) for r in rows]
    gs.sort(key=lambda g: max(len(p[0]) for p in g) + rng.random() * 40)
    bs = [gs[i:i + per] for i in range(0, len(gs), per)]
    rng.shuffle(bs)
    for b in bs:
        flat = [p for g in b for p in g]
        while len(b) < per: b.append(None); flat += [([101, 102, 102], 2, (-1, -1), 0.0, 0.0)] * K
        yield pack(flat, per * K)

fwd = jax.jit(lambda L, b: forward(L, b['ids'], b['tt'], b['mask']))
def score(L, rows, top, bs=512):
    """What the reader says of each question's first passages."""
    pairs, where = [], []
    for n, r in enumerate(rows):
        for m, h in enumerate(r['hits'][:top]):
            i, at, s = encode(r['q'], h['title'], h['text']); pairs.append((i, at, s, 0.0, 1.0)); where.append((n, m))
    order = sorted(range(len(pairs)), key=lambda i: len(pairs[i][0]))
    Z = [[0.0] * min(top, len(r['hits'])) for r in rows]
    for at in range(0, len(order), bs):
        ix = order[at:at + bs]; b = pack([pairs[i] for i in ix] + [([101, 102, 102], 2, (-1, -1), 0.0, 0.0)] * (bs - len(ix)), bs)
        z = np.asarray(fwd(L, b)[0])
        for r, i in enumerate(ix): Z[where[i][0]][where[i][1]] = float(z[r])
    return Z

def auc(p, n):
    if not p or not n: return float('nan')
    a = np.array(p)[:, None]; b = np.array(n)[None]; return float(((a > b) + 0.5 * (a == b)).mean())

def report(name, rows, Z):
    top = []
    hit = {1: 0, 3: 0, 5: 0}; n = 0
    for r, z in zip(rows, Z):
        o = sorted(range(len(z)), key=lambda i: -z[i])
        best = o[0]; top.append((z[best], r['hits'][best]['right'], r['kind']))
        if r['kind'] == 'answerable':
            n += 1
            for k in hit: hit[k] += any(r['hits'][i]['right'] for i in o[:k])
    right = [z for z, ok, k in top if ok]; near = [z for z, ok, k in top if k == 'near_miss']; off = [z for z, ok, k in top if k == 'off_topic']
    t = sorted(top, reverse=True); good = 0; cov = {0.9: 0, 0.85: 0, 0.8: 0}
    for i, (z, ok, k) in enumerate(t, 1):
        good += ok
        for p in cov:
            if good / i >= p: cov[p] = good / n
    out = dict(hit1=hit[1] / n, hit3=hit[3] / n, hit5=hit[5] / n, auc_near=auc(right, near), auc_off=auc(right, off), **{f'cover@{p}': c for p, c in cov.items()})
    print(name, ' '.join(f'{k} {v:.3f}' for k, v in out.items()), flush=True)
    return out

def fresh(L): return dict(m=jax.tree.map(jnp.zeros_like, L), v=jax.tree.map(jnp.zeros_like, L), n=jnp.zeros(()))
@functools.partial(jax.jit, static_argnums=(5, 6, 7, 8))
def step(L, S, b, key, lr, K, listw, spanw, rate):
    """Adam with decoupled decay (Kingma and Ba; Loshchilov and Hutter), gradients of length one at most."""
    l, g = jax.value_and_grad(loss_fn)(L, b, key, K, listw, spanw, rate)
    long = jnp.sqrt(sum((x ** 2).sum() for x in jax.tree.leaves(g))); g = jax.tree.map(lambda x: x / jnp.maximum(1, long), g)
    n = S['n'] + 1; m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, S['m'], g); v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, S['v'], g)
    L = jax.tree.map(lambda p, m, v: p - lr * ((m / (1 - 0.9 ** n)) / (jnp.sqrt(v / (1 - 0.999 ** n)) + 1e-8) + 0.01 * p), L, m, v)
    return L, dict(m=m, v=v, n=n), l

def train(L, rows, K=8, per=32, epochs=4, lr=6e-4, seed=1, listw=0.5, spanw=0.25, rate=0.1, evals=None, every=1, tag=''):
    rng = random.Random(seed); steps = math.ceil(len(rows) / per) * epochs; warm = int(steps * 0.08) + 1
    S = fresh(L); key = jax.random.PRNGKey(seed); t0 = time.time(); n = 0
    for e in range(epochs):
        tot = []
        for b in batches(rows, K, per, rng):
            key, k = jax.random.split(key); n += 1
            rate_now = lr * min(1, n / warm) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1, n / steps))))
            L, S, l = step(L, S, b, k, rate_now, K, listw, spanw, rate); tot.append(l)
        print(f'{tag} epoch {e + 1}/{epochs} loss {float(np.mean([float(x) for x in tot])):.3f} {time.time() - t0:.0f} s', flush=True)
        if evals and ((e + 1) % every == 0 or e + 1 == epochs):
            for name, r in evals.items(): report(f'{tag} e{e + 1} {name}', r, score(L, r, 12))
    return L

def squad(path, rng):
    """Questions on one text: it and three others as passages."""
    rows = [json.loads(l) for l in opened(path)]
    by = {}
    for r in rows: by.setdefault(r['title'], {})[r['context']] = 1
    every = list({r['context']: r['title'] for r in rows}.items())
    out = []
    for r in rows:
        near = [(r['title'], c) for c in by[r['title']] if c != r['context']]
        others = rng.sample(near, min(2, len(near)))
        while len(others) < 3: c, t = rng.choice(every); others.append((t, c))
        hits = [dict(title=r['title'].replace('_', ' '), text=r['context'], right=r['a'] is not None, score=1.0, cos=0)] + [dict(title=t.replace('_', ' '), text=c, right=False, score=0.5, cos=0) for t, c in others]
        out.append(dict(q=r['q'], a=r['a'], kind='answerable' if r['a'] else 'near_miss', hits=hits))
    return out

def save(L, path):
    """As safetensors; the narrow matrices as the upper halves of 32-bit numbers, rounded."""
    def half(a):
        u = np.ascontiguousarray(a, np.float32).view(np.uint32); return ((u + 0x7fff + ((u >> 16) & 1)) >> 16).astype(np.uint16)
    header, blobs, at = {}, [], 0
    for k in sorted(L):
        v = np.asarray(L[k], np.float32); narrow = k.endswith(('.A', '.B')); b = (half(v) if narrow else v).tobytes()
        header[k] = dict(dtype='BF16' if narrow else 'F32', shape=list(v.shape), data_offsets=[at, at + len(b)]); blobs.append(b); at += len(b)
    h = json.dumps(header, separators=(',', ':')).encode(); h += b' ' * (-len(h) % 8)
    with open(path, 'wb') as f: f.write(struct.pack('<Q', len(h)) + h + b''.join(blobs))

if __name__ == '__main__':
    out, texts, validation, *training = sys.argv[1:]
    check, rows = candidates(validation), [r for path in training for r in candidates(path)]
    before = squad(texts, random.Random(3))
    print(len(before), 'questions on texts,', len(rows), 'on passages', flush=True)
    L = train(init(jax.random.PRNGKey(0), 48), before, K=4, per=64, epochs=2, lr=7e-4, evals={'validation': check}, every=2, tag='texts')
    L = train(L, rows, epochs=5, lr=6e-4, evals={'validation': check}, tag='passages')
    save(L, out)
