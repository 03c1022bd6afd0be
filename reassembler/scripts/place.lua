#!lua flags=allow-oom
-- Put the chunks of one batch into their assembly, atomically.
--
-- Bytes that are held are never written again: the first ones win, and others are counted as conflicts. So any worker
-- may place any chunk, in any order and any number of times.
--
-- It may write when Redis is full: what it writes leaves the chunk stream at once, and what assemblies need is bounded
-- by the budget. Refused, nothing would ever empty a full Redis.
--
-- KEYS  1 header hash   2 bytes   3 bitmap   4 deadlines   5 done hash   6 open set of the device   7 bytes reserved
-- ARGV  1 chunk size  2 chunks of the dump  3 now ms  4 deadline ms  5 deadline ms of a likely repetition
--       6 open dumps allowed  7 duplicates and 8 conflicts that the batch has in itself
--       9 bytes of the dump   10 bytes that open assemblies may need together, 0 for no limit
--       11 number of occurrences, then (occurrence, metadata) each
--       then (first chunk, number of chunks, bytes) for each run
-- Reply {state, before, held, duplicates, conflicts, bitmap}
--       state: 'open', 'complete', 'limit' (of the device), 'busy' (no room for another dump now), or the verdict about a finished occurrence
local header, bytes, bitmap, deadlines, done, open = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local chunk_size, count = tonumber(ARGV[1]), tonumber(ARGV[2])
local reserved, size, budget = KEYS[7], tonumber(ARGV[9]), tonumber(ARGV[10])
local occurrences = tonumber(ARGV[11])
local at = 12

local fresh, verdict = {}, nil
for _ = 1, occurrences do
  local known = redis.call('HGET', done, ARGV[at])
  if known then verdict = known else fresh[#fresh + 1] = { ARGV[at], ARGV[at + 1] } end
  at = at + 2
end

local exists = redis.call('EXISTS', header) == 1
if verdict and #fresh == 0 then
  -- A repetition of what is finished. Chunks of it that came before chunk 0 go with it, unless the assembly
  -- belongs to another occurrence as well.
  local owned = false
  if exists then
    for _, name in ipairs(redis.call('HKEYS', header)) do
      if string.sub(name, 1, 2) == 'm:' then owned = true end
    end
  end
  if not owned then
    redis.call('DEL', header, bytes, bitmap)
    redis.call('ZREM', deadlines, header)
    redis.call('SREM', open, header)
    if exists then redis.call('DECRBY', reserved, size) end
    return { verdict, 0, 0, 0, 0, '' }
  end
end

if not exists then
  if redis.call('SCARD', open) >= tonumber(ARGV[6]) then return { 'limit', 0, 0, 0, 0, '' } end
  -- Uploads that could not all become whole would wait for each other for ever. One alone is always let in.
  local needed = tonumber(redis.call('GET', reserved) or '0')
  if budget > 0 and needed > 0 and needed + size > budget then return { 'busy', 0, 0, 0, 0, '' } end
  redis.call('INCRBY', reserved, size)
  redis.call('HSET', header, 'first', ARGV[3])
  redis.call('SADD', open, header)
end
for _, pair in ipairs(fresh) do redis.call('HSETNX', header, 'm:' .. pair[1], pair[2]) end

local before = redis.call('BITCOUNT', bitmap)
local duplicates, conflicts = tonumber(ARGV[7]), tonumber(ARGV[8])
local received = duplicates + conflicts
while at <= #ARGV do
  local first, number, data = tonumber(ARGV[at]), tonumber(ARGV[at + 1]), ARGV[at + 2]
  at = at + 3
  received = received + number
  if before == 0 or redis.call('BITCOUNT', bitmap, first, first + number - 1, 'BIT') == 0 then
    redis.call('SETRANGE', bytes, first * chunk_size, data)
    for sequence = first, first + number - 1 do redis.call('SETBIT', bitmap, sequence, 1) end
  else
    for index = 0, number - 1 do
      local sequence = first + index
      local piece = string.sub(data, index * chunk_size + 1, (index + 1) * chunk_size)
      if redis.call('SETBIT', bitmap, sequence, 1) == 0 then
        redis.call('SETRANGE', bytes, sequence * chunk_size, piece)
      else
        local start = sequence * chunk_size
        local same = redis.call('GETRANGE', bytes, start, start + #piece - 1) == piece
        if same then duplicates = duplicates + 1 else conflicts = conflicts + 1 end
      end
    end
  end
end

redis.call('HSET', header, 'last', ARGV[3])
redis.call('HINCRBY', header, 'chunks', received)
if duplicates > 0 then redis.call('HINCRBY', header, 'duplicates', duplicates) end
if conflicts > 0 then redis.call('HINCRBY', header, 'conflicts', conflicts) end

local held = redis.call('BITCOUNT', bitmap)
local state = 'open'
if held == count then state = 'complete' end
local deadline = ARGV[4]
if redis.call('GETBIT', bitmap, 0) == 0 and redis.call('EXISTS', done) == 1 then deadline = ARGV[5] end
redis.call('ZADD', deadlines, deadline, header)
return { state, before, held, duplicates, conflicts, redis.call('GET', bitmap) }
