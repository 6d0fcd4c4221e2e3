// The same rules and guards in a small script for Node, as one would write it without a lock, undo command,
// settings or error handling: the yardstick of a benchmark, not a tool.
//
//     node clean.mjs ROOT             moves into ROOT/.node/company_<id>, looks again, writes a line for each
//     node clean.mjs ROOT --delete    deletes

import { closeSync, lstatSync, mkdirSync, openSync, readFileSync, readdirSync } from 'node:fs';
import { renameSync, unlinkSync, writeSync } from 'node:fs';

const DAY = 86_400_000;
const root = process.argv[2];
const forGood = process.argv[3] === '--delete';
const now = Date.now();

const SESSION = /^session-(\d+)(?:_\d+)?\.\d{1,5}\.json$/;
const SENDER_KEY = /^sender-key-(\d+(?:-\d+)?@g\.us|\d+@broadcast|status@broadcast)--(\d+)(?:_\d+)?--(\d{1,5})\.json$/;
const PRE_KEY = /^pre-key-([1-9]\d*)\.json$/;

function identity(folder) {
  const creds = JSON.parse(readFileSync(`${folder}/creds.json`, 'utf8'));
  const devices = [creds.me?.id, creds.me?.lid]
    .map((jid) => /^(\d+)(?:_\d+)?(?::(\d+))?@/.exec(jid ?? ''))
    .filter(Boolean)
    .map(([, user, device]) => ({ user, device: device ?? '0' }));
  return { devices, next: creds.nextPreKeyId, firstNew: creds.firstUnuploadedPreKeyId };
}

function plan(folder) {
  const me = identity(folder);
  const going = { memories: [], keys: [], sessions: [] };
  const memories = new Map();
  const own = [];
  const preKeys = [];
  const entries = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
  const look = (name) => ({ name, status: lstatSync(`${folder}/${name}`) });
  const old = (days, ...files) => files.every(({ status }) => now - status.mtimeMs >= days * DAY);
  for (const { name } of entries) {
    if (!name.endsWith('.json')) continue;
    if (name.startsWith('session-')) {
      const peer = SESSION.exec(name);
      if (peer && me.devices.some(({ user }) => user === peer[1])) continue;
      const file = look(name);
      if (old(14, file)) going.sessions.push(file);
    } else if (name.startsWith('sender-key-memory-')) {
      memories.set(name, look(name));
    } else if (name.startsWith('sender-key-')) {
      const file = look(name);
      const key = SENDER_KEY.exec(name);
      const mine = key && me.devices.some(({ user, device }) => user === key[2] && device === key[3]);
      if (mine && key[1] !== 'status@broadcast') own.push([key[1], file]);
      else if (old(3, file)) going.keys.push(file);
    } else {
      const number = PRE_KEY.exec(name)?.[1];
      if (number) preKeys.push({ name, number: Number(number) });
    }
  }
  for (const [group, file] of own) {
    const memory = memories.get(`sender-key-memory-${group}.json`);
    if (memory) memories.delete(memory.name);
    const pair = memory ? [file, memory] : [file];
    if (!old(3, ...pair)) continue;
    if (memory) going.memories.push(memory);
    going.keys.push(file);
  }
  for (const memory of memories.values()) if (old(3, memory)) going.memories.push(memory);
  return [...going.memories, ...going.keys, ...going.sessions, ...preKeysToGo(preKeys, me, look)];
}

function preKeysToGo(preKeys, me, look) {
  preKeys.sort((a, b) => a.number - b.number);
  const free = preKeys.filter(({ number }) => number < me.firstNew && number !== me.next - 1);
  const cap = Math.max(50 - (preKeys.length - free.length), 0);
  const over = free.slice(0, Math.max(free.length - cap, 0)).map(({ name }) => look(name));
  if (me.next < 813) return over;
  const byDate = [...over].sort((a, b) => a.status.mtimeMs - b.status.mtimeMs);
  const batch = new Set();
  for (let first = 0, last = 0, done = 0; last < byDate.length; last++) {
    while (byDate[last].status.mtimeMs - byDate[first].status.mtimeMs > 60_000) first++;
    if (last - first + 1 < 100) continue;
    for (let i = Math.max(first, done); i <= last; i++) batch.add(byDate[i].name);
    done = last + 1;
  }
  return over.filter(({ name }) => !batch.has(name));
}

let removed = 0;
if (!forGood) mkdirSync(`${root}/.node`, { mode: 0o700 });
const audit = forGood ? -1 : openSync(`${root}/.node/audit.log`, 'a', 0o600);
for (const entry of readdirSync(root, { withFileTypes: true })) {
  if (!entry.isDirectory() || !entry.name.startsWith('company_')) continue;
  const folder = `${root}/${entry.name}`;
  const aside = `${root}/.node/${entry.name}`;
  const going = plan(folder);
  if (going.length && !forGood) mkdirSync(aside, { mode: 0o700 });
  for (const { name, status } of going) {
    if (forGood) {
      unlinkSync(`${folder}/${name}`);
    } else {
      writeSync(audit, `${JSON.stringify({ time: new Date().toISOString(), company: entry.name, file: name })}\n`);
      renameSync(`${folder}/${name}`, `${aside}/${name}`);
      const moved = lstatSync(`${aside}/${name}`);
      if (moved.ino !== status.ino || moved.size !== status.size || moved.mtimeMs !== status.mtimeMs) {
        throw new Error(`${name} changed`);
      }
    }
    removed++;
  }
}
if (!forGood) closeSync(audit);
console.log(JSON.stringify({ removed }));
