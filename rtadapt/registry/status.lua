-- Notes where events are on their path.
-- KEYS: newer and older statuses of a feed.  ARGV: how many to remember, lifetime in ms, then id, rank and record of each as JSON.
for _, one in ipairs(cjson.decode(ARGV[3])) do
  note(KEYS[1], KEYS[2], tonumber(ARGV[1]), tonumber(ARGV[2]), one[1], one[2], one[3])
end
return 1
