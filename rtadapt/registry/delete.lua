-- Deletes a feed, and keeps what must outlast it: where its events are decided up to, and that it was an operator's word.
-- KEYS: head, gone, then the feed's other keys.  ARGV: partition of the feed and the log's end there, or '' and ''.
-- Returns 1 if there was such a feed.
local head = redis.call('HMGET', KEYS[1], 'incarnation', 'epoch', 'positions')
if not head[2] then
  return 0
end
local positions = cjson.decode(head[3])
if ARGV[1] ~= '' and (positions[ARGV[1]] or 0) < tonumber(ARGV[2]) then
  positions[ARGV[1]] = tonumber(ARGV[2])
end
local parts = {}
for partition, offset in pairs(positions) do
  parts[#parts + 1] = string.format('"%s":%.0f', partition, offset)
end
redis.call('HSET', KEYS[2], 'incarnation', head[1] or '', 'epoch', head[2], 'positions', '{' .. table.concat(parts, ',') .. '}')
redis.call('DEL', KEYS[1])
for i = 3, #KEYS do
  redis.call('DEL', KEYS[i])
end
return 1
