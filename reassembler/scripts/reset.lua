-- Drop the bytes of a whole dump whose checksum is wrong, so that it is sent again.
--
-- KEYS  1 header hash   2 bytes   3 bitmap
-- Reply how often this has happened to the assembly; 0 when it is gone
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('DEL', KEYS[2], KEYS[3])
return redis.call('HINCRBY', KEYS[1], 'failures', 1)
