"""Learns from a question alone whether it could concern a company: a line through the vectors of meaning and the word pieces that are there
(logistic regression). Some minutes of a CPU; needs numpy, scipy, scikit-learn, tokenizers, safetensors.

MINILM=.tools/vendor/models/all-minilm-l6-v2 python3 concern.py OUT.safetensors"""
import glob, json, os, struct, sys
import numpy as np
from safetensors.numpy import load_file
from scipy.sparse import csr_array, hstack
from scipy.special import erf
from sklearn.linear_model import LogisticRegression
from tokenizers import Tokenizer

HERE, M = os.path.dirname(os.path.abspath(__file__)), os.environ['MINILM']
W = {k: v.astype(np.float32) for k, v in load_file(f'{M}/model.safetensors').items() if 'position_ids' not in k}
tok = Tokenizer.from_file(f'{M}/tokenizer.json'); tok.no_padding(); tok.enable_truncation(256)

def questions():
    """What could concern a company (near misses with it), and what does not."""
    for line in open(f'{HERE}/concern.jsonl', encoding='utf8'):
        r = json.loads(line); yield r['q'], r['about']
    for path in [f'{HERE}/../../assistant/questions/a.jsonl', *sorted(glob.glob(f'{HERE}/questions/*.jsonl'))]:
        for line in open(path, encoding='utf8'):
            for q in json.loads(line)['questions']: yield q['q'], q['kind'] != 'off_topic'

def ln(x, p):
    m = x.mean(-1, keepdims=True); v = ((x - m) ** 2).mean(-1, keepdims=True)
    return (x - m) / np.sqrt(v + 1e-12) * W[p + '.weight'] + W[p + '.bias']

def forward(ids, mask):
    B, T = ids.shape
    x = W['embeddings.word_embeddings.weight'][ids] + W['embeddings.position_embeddings.weight'][:T] + W['embeddings.token_type_embeddings.weight'][0]
    x, bias = ln(x, 'embeddings.LayerNorm'), (1 - mask)[:, None, None, :] * -1e9
    for l in range(6):
        p = f'encoder.layer.{l}.'
        lin = lambda x, n: x @ W[p + n + '.weight'].T + W[p + n + '.bias']
        q, k, v = (lin(x, 'attention.self.' + n).reshape(B, T, 12, 32).transpose(0, 2, 1, 3) for n in ('query', 'key', 'value'))
        s = q @ k.transpose(0, 1, 3, 2) / np.sqrt(32) + bias; s = np.exp(s - s.max(-1, keepdims=True)); s /= s.sum(-1, keepdims=True)
        x = ln(lin((s @ v).transpose(0, 2, 1, 3).reshape(B, T, 384), 'attention.output.dense') + x, p + 'attention.output.LayerNorm')
        h = lin(x, 'intermediate.dense'); h = h * 0.5 * (1 + erf(h / np.sqrt(2)))
        x = ln(lin(h, 'output.dense') + x, p + 'output.LayerNorm')
    e = (x * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
    return e / np.linalg.norm(e, axis=1, keepdims=True)

def embed(texts, many=64):
    pieces = [tok.encode(t).ids for t in texts]; order = sorted(range(len(texts)), key=lambda i: len(pieces[i])); E = np.zeros((len(texts), 384), np.float32)
    for at in range(0, len(order), many):
        ix = order[at:at + many]; T = len(pieces[ix[-1]]); ids, mask = np.zeros((len(ix), T), int), np.zeros((len(ix), T), np.float32)
        for r, i in enumerate(ix): ids[r, :len(pieces[i])] = pieces[i]; mask[r, :len(pieces[i])] = 1
        E[ix] = forward(ids, mask)
    return E

def features(texts):
    """The vector of meaning, and of each word piece whether it is there."""
    there = [sorted(set(tok.encode(t, add_special_tokens=False).ids)) for t in texts]
    rows, ids = np.repeat(np.arange(len(texts)), [len(t) for t in there]), np.array([i for t in there for i in t], int)
    bag = csr_array((np.ones(len(ids), np.float32), (rows, ids)), shape=(len(texts), len(W['embeddings.word_embeddings.weight'])))
    return hstack([csr_array(embed(texts)), bag]).tocsr()

def learn(texts, concerns):
    return LogisticRegression(C=3, class_weight='balanced', max_iter=5000).fit(features(texts), concerns)

def halved(values):
    """BF16: the upper half of each number, rounded."""
    return ((values.astype(np.float32).view(np.uint32) + 0x8000) >> 16).astype(np.uint16)

if __name__ == '__main__':
    texts, concerns = zip(*questions())
    line = learn(texts, concerns)
    weight = line.coef_[0].astype(np.float32)
    tensors = {'bias': ('F32', line.intercept_.astype(np.float32)), 'weight': ('F32', weight[:384]), 'pieces': ('BF16', halved(weight[384:]))}
    header, blobs, at = {}, [], 0
    for name, (kind, values) in tensors.items():
        header[name] = dict(dtype=kind, shape=list(values.shape), data_offsets=[at, at + values.nbytes]); blobs.append(values.tobytes()); at += values.nbytes
    h = json.dumps(header, separators=(',', ':')).encode(); h += b' ' * (-len(h) % 8)
    with open(sys.argv[1], 'wb') as f: f.write(struct.pack('<Q', len(h)) + h + b''.join(blobs))
    print(len(texts), 'questions,', sum(concerns), 'of which could concern a company')
