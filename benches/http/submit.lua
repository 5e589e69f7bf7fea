-- wrk script: submits new data messages of 300 bytes as octet streams, each on three parents that this thread was
-- told about before. For a network without proof of work:
--
--   osmia private-net --data DIR --network bench --min-pow-score 0
--   NETWORK_ID=$(...) PARENTS=$(...) wrk -t1 -c32 -d15s --latency -s benches/http/submit.lua http://127.0.0.1:14265
--
-- benches/http/run does all of it. PAUSE_PERCENT: of how many requests
-- the connection waits a millisecond before; none by default. NETWORK_ID: the network's id as 16 hexadecimal characters in wire order.
-- PARENTS: message ids in hexadecimal, separated by commas.

local RECENT_MAX = 256
local DATA_BYTES = 300 - (8 + 1 + 3 * 32 + 4 + 4 + 2 + 9 + 4 + 8)

local recent, count, network = {}, 0, nil

local function unhex(text)
  return (text:gsub("..", function(pair) return string.char(tonumber(pair, 16)) end))
end

local function u32(value)
  return string.char(value % 256, math.floor(value / 256) % 256, math.floor(value / 65536) % 256, 0)
end

local function random_bytes(length)
  local bytes = {}
  for place = 1, length do bytes[place] = string.char(math.random(0, 255)) end
  return table.concat(bytes)
end

function init()
  math.randomseed(os.time())
  network = unhex(os.getenv("NETWORK_ID"))
  for id in os.getenv("PARENTS"):gmatch("%x+") do recent[#recent + 1] = unhex(id) end
  filler = random_bytes(DATA_BYTES + 4096)
end

function request()
  local parents, seen = {}, {}
  for _ = 1, 3 do
    local id = recent[math.random(#recent)]
    if not seen[id] then
      seen[id] = true
      parents[#parents + 1] = id
    end
  end
  table.sort(parents)
  count = count + 1
  local index = string.format("wrk-%05d", count % 1000)
  local data = random_bytes(16) .. filler:sub(count % 4096 + 1, count % 4096 + DATA_BYTES - 16)
  local payload = u32(2) .. string.char(9, 0) .. index .. u32(#data) .. data
  local body = network .. string.char(#parents) .. table.concat(parents) .. u32(#payload) .. payload .. random_bytes(8)
  return wrk.format("POST", "/api/v1/messages", { ["Content-Type"] = "application/octet-stream" }, body)
end

-- Only paced runs have a delay function: wrk calls it before every request when it is there.
local pause_percent = tonumber(os.getenv("PAUSE_PERCENT") or "0")
if pause_percent > 0 then
  function delay() return math.random(100) <= pause_percent and 1 or 0 end
end

local slot = 0
function response(status, _, body)
  if status == 201 then
    local id = body:match('"messageId":"(%x+)"')
    slot = slot % RECENT_MAX + 1
    recent[slot] = unhex(id)
  end
end
