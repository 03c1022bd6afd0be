-- Take one overdue assembly for salvage: moves its deadline, so that no other worker takes it meanwhile.
--
-- KEYS  1 deadlines
-- ARGV  1 assembly   2 the deadline that was seen   3 the new one
-- Reply 1 when taken, 0 when it changed meanwhile (new chunks, another worker)
if redis.call('ZSCORE', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
return 1
