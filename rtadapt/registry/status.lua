-- Notes where events are on their path, and says whether there is such a feed.
-- KEYS: newer and older statuses of a feed, its head.  ARGV: how many to remember, lifetime in ms, then id, rank and record of each as JSON.
local ids, ranks, records = {}, {}, {}
for number, one in ipairs(cjson.decode(ARGV[3])) do
  ids[number], ranks[number], records[number] = one[1], one[2], one[3]
end
note(KEYS[1], KEYS[2], tonumber(ARGV[1]), tonumber(ARGV[2]), ids, ranks, records)
return redis.call('EXISTS', KEYS[3])
