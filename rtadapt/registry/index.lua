-- Notes which feed events belong to; of feeds with an event of the same id, the one that was noted last.
-- KEYS: newer and older index.  ARGV: how many to remember, lifetime in ms, the feed, then the ids as JSON.
for _, id in ipairs(cjson.decode(ARGV[4])) do
  remember(KEYS[1], KEYS[2], tonumber(ARGV[1]), tonumber(ARGV[2]), id, ARGV[3])
end
return 1
