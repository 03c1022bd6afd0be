#!lua flags=allow-oom
-- Hand a stored dump on and forget its assembly, exactly once: the worker that finds the header gone came second.
--
-- KEYS  1 header hash   2 bytes   3 bitmap   4 deadlines   5 done hash   6 open set of the device   7 bytes reserved
--       8 dumps stream
-- ARGV  1 verdict to remember ('' for a partial dump: its upload may still be completed)  2 ms to remember it
--       3 bytes of the dump
--       then (occurrence, work item) each; an empty item is remembered and not handed on
-- Reply 1 when this call finished it, 0 when another one had
local header, done, dumps = KEYS[1], KEYS[5], KEYS[8]
if redis.call('EXISTS', header) == 0 then return 0 end
redis.call('DEL', header, KEYS[2], KEYS[3])
redis.call('ZREM', KEYS[4], header)
redis.call('SREM', KEYS[6], header)
redis.call('DECRBY', KEYS[7], ARGV[3])
for at = 4, #ARGV, 2 do
  if ARGV[1] ~= '' then redis.call('HSET', done, ARGV[at], ARGV[1]) end
  if ARGV[at + 1] ~= '' then redis.call('XADD', dumps, '*', 'r', ARGV[at + 1]) end
end
if ARGV[1] ~= '' then redis.call('PEXPIRE', done, ARGV[2]) end
return 1
