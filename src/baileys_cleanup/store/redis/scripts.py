"""What runs inside the server, in small steps: each is whole or not at all, and none goes through more than a chunk.

Nothing is taken back where a command is refused in the middle. So each script that writes first carries out, on what is
not there, those that this user may be forbidden; its first real write is the one that nothing can try before. What is
not there is called `baileys-cleanup:none:` and a key of ours: it lies in the same slot, and is nobody's.
"""

CHUNK = 100
"""Keys that one script looks at: the server answers nobody else meanwhile."""

MARKS_OF_HASH = """
local found = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2])
local told = {found[1]}
for i = 1, #found[2], 2 do
  told[#told + 1] = found[2][i]
  told[#told + 1] = redis.sha1hex(found[2][i + 1])
  told[#told + 1] = #found[2][i + 1]
end
return told
"""
"""Names, hashes and sizes of a part of a hash; no value leaves the server."""

MARKS_OF_STRINGS = """
local told = {}
for i = 1, #KEYS do
  local value = redis.call('GET', KEYS[i])
  told[#told + 1] = value and redis.sha1hex(value) or ''
  told[#told + 1] = value and #value or 0
end
return told
"""

INDEXED_OF_HASH = """
local found = redis.call('HSCAN', KEYS[1], ARGV[1], 'MATCH', ARGV[2], 'COUNT', 500)
local number = 0
for i = 2, #found[2], 2 do
  if string.find(string.sub(found[2][i], 1, 16), '^%s*{%s*"0"%s*:') then number = number + 1 end
end
return {found[1], number}
"""
"""How many values of a part of a hash are objects of numbered bytes."""

INDEXED_OF_STRINGS = """
local number = 0
for i = 1, #KEYS do
  if string.find(redis.call('GETRANGE', KEYS[i], 0, 15), '^%s*{%s*"0"%s*:') then number = number + 1 end
end
return number
"""

MOVE = """
if ARGV[1] == 'hash' then redis.call('HDEL', KEYS[2], '') else redis.call('DEL', 'baileys-cleanup:none:' .. KEYS[2]) end
local same = {}
for i = 1, #ARGV - 3, 3 do
  local name, value = ARGV[i + 3]
  if ARGV[1] == 'hash' then
    value = redis.call('HGET', KEYS[1], name)
  else
    value = redis.call('GET', KEYS[1] .. name)
  end
  if value and redis.sha1hex(value) == ARGV[i + 4] then
    local rest = -1
    if ARGV[2] ~= '0' then rest = redis.call('PTTL', ARGV[1] == 'hash' and KEYS[1] or KEYS[1] .. name) end
    same[#same + 1] = {name, value, ARGV[i + 5], rest}
  elseif ARGV[3] == 'all' then
    return {}
  end
end
local gone = {}
for i, each in ipairs(same) do
  local name = each[1]
  if ARGV[2] ~= '0' then
    redis.call('HSET', KEYS[2], 'v:' .. name, each[2], 'm:' .. name, each[3])
    if each[4] > 0 then redis.call('HSET', KEYS[2], 't:' .. name, each[4]) end
  end
  if ARGV[1] == 'hash' then redis.call('HDEL', KEYS[1], name) else redis.call('DEL', KEYS[1] .. name) end
  gone[i] = name
end
return gone
"""
"""Compare and move: what is still what was planned goes into the quarantine, in one step with the comparison.

ARGV[3] is `each`, or `all`: then nothing goes where any of them is another by now.
"""

PUT_BACK = """
local back, vanished = {}, {}
local first = redis.call('HGET', KEYS[2], 'v:' .. ARGV[2])
if first then redis.call('HSET', KEYS[2], 'v:' .. ARGV[2], first) end
redis.call('HDEL', KEYS[2], '')
local empty = ARGV[1] == 'hash' and redis.call('EXISTS', KEYS[1]) == 0
for i = 2, #ARGV do
  local name = ARGV[i]
  local value = redis.call('HGET', KEYS[2], 'v:' .. name)
  local rest = redis.call('HGET', KEYS[2], 't:' .. name)
  if rest then redis.call('PEXPIRE', 'baileys-cleanup:none:' .. KEYS[2], rest) end
  local done = 0
  if value and ARGV[1] == 'hash' then
    done = redis.call('HSETNX', KEYS[1], name, value)
    if empty and rest then redis.call('PEXPIRE', KEYS[1], rest) end
    empty = false
  elseif value then
    done = redis.call('SETNX', KEYS[1] .. name, value)
    if done == 1 and rest then redis.call('PEXPIRE', KEYS[1] .. name, rest) end
  end
  if done == 1 then
    redis.call('HDEL', KEYS[2], 'v:' .. name, 'm:' .. name, 't:' .. name)
    back[#back + 1] = name
  elseif not value then
    vanished[#vanished + 1] = name
  end
end
return {back, vanished}
"""
"""Put back what is nowhere by now; what exists is never replaced. It says which are back, and which lie there no more.

It begins with a write that a server whose memory is full refuses: of a script it refuses none but the first.
A string gets the end back that it had, and a hash where it was gone with its last field.
"""

BEGIN_WHOLE = "redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]); redis.call('EXPIRE', KEYS[1], ARGV[3])"
"""Begin a hash (KEYS[1]) with a field, and let it end after some seconds (ARGV[3]) unless it goes live before."""

PUT_WHOLE = """
if redis.call('HLEN', KEYS[1]) ~= tonumber(ARGV[3]) then return -3 end
redis.call('PERSIST', 'baileys-cleanup:none:' .. KEYS[1])
local dated = redis.call('EXISTS', KEYS[5]) == 1
local moved = 0
local kind = redis.call('TYPE', KEYS[2]).ok
if kind ~= 'none' then
  if kind ~= 'hash' then return -2 end
  if ARGV[1] == '' or redis.call('EXISTS', KEYS[3]) == 1 then return -1 end
  local rest = redis.call('PTTL', KEYS[2])
  redis.call('HSET', KEYS[4], 'why', ARGV[1], 'started', ARGV[2], 'former', '1', 'rest', rest)
  redis.call('RENAME', KEYS[2], KEYS[3])
  redis.call('PERSIST', KEYS[3])
  moved = 1
end
redis.call('RENAME', KEYS[1], KEYS[2])
redis.call('PERSIST', KEYS[2])
if dated then
  redis.call('RENAME', KEYS[5], KEYS[6])
  redis.call('PERSIST', KEYS[6])
end
return moved
"""
"""Let a hash that was built (KEYS[1]) go live; the one that was (KEYS[2]) lies aside (KEYS[3]), with a note of it.

Its dates (KEYS[5]) become the ledger (KEYS[6]) in the same step. None of these ends by itself.
-1 where one is live and may not be replaced, -2 where a key of that name is none of a bot's, -3 where the built one has
not all of its fields (ARGV[3]).
"""

SWAP_WHOLE = """
if redis.call('EXISTS', KEYS[2]) == 0 then return 0 end
local rest = tonumber(redis.call('HGET', KEYS[3], 'rest') or '-1')
local former = redis.call('HGET', KEYS[3], 'former')
local live = redis.call('EXISTS', KEYS[1]) == 1
local left = redis.call('PTTL', KEYS[1])
redis.call('PERSIST', KEYS[4])
if rest > 0 then redis.call('PEXPIRE', KEYS[4], rest) end
if former then redis.call('HSET', KEYS[3], 'former', former) end
if live then
  redis.call('RENAME', KEYS[1], KEYS[4])
  redis.call('PERSIST', KEYS[4])
  redis.call('HSET', KEYS[3], 'rest', left)
end
redis.call('RENAME', KEYS[2], KEYS[1])
if rest > 0 then redis.call('PEXPIRE', KEYS[1], rest) end
if live then redis.call('RENAME', KEYS[4], KEYS[2]) end
redis.call('HSET', KEYS[3], 'former', former == '1' and '0' or '1')
return 1
"""
"""Let the hash that lies aside (KEYS[2]) and the live one (KEYS[1]) change places; KEYS[4] is free in between."""

_NOW = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""

_MAY_FREE = """
redis.call('DEL', 'baileys-cleanup:none:' .. KEYS[1])
"""
"""Delete nothing: where the server does not allow that, nobody else could take the lease until it ends by itself."""

TAKE = (
    _NOW
    + _MAY_FREE
    + """
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
local sharing = redis.call('ZRANGE', KEYS[2], 0, 0)
if sharing[1] then return sharing[1] end
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return false end
local held = redis.call('GET', KEYS[1])
return held ~= ARGV[1] and held
"""
)
"""Take a lease alone, where nobody else has it (KEYS[1]) or shares it (KEYS[2]); else say who does."""

SHARE = (
    _NOW
    + "redis.call('ZADD', KEYS[2], 'XX', now, ARGV[1])"  # a server whose memory is full refuses a first write alone
    + _MAY_FREE
    + """
redis.call('ZREM', KEYS[2], ARGV[1])
local held = redis.call('GET', KEYS[1])
if held then return held end
redis.call('PEXPIRE', 'baileys-cleanup:none:' .. KEYS[1], ARGV[2])
redis.call('ZADD', KEYS[2], now + ARGV[2], ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return false
"""
)
"""Share a lease with others, where nobody has it alone; else say who does."""

FREE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
redis.call('ZREM', KEYS[2], ARGV[1])
"""

RENEW = (
    _NOW
    + """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
if redis.call('ZSCORE', KEYS[2], ARGV[1]) then
  redis.call('ZADD', KEYS[2], now + ARGV[2], ARGV[1])
  return redis.call('PEXPIRE', KEYS[2], ARGV[2])
end
return 0
"""
)
