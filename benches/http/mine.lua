-- wrk script: submits messages that the node is to mine, the shortest JSON there is. A connection whose message was
-- mined or refused waits for a second, as a client that reads Retry-After does.

wrk.method = "POST"
wrk.path = "/api/v1/messages"
wrk.body = "{}"
wrk.headers["Content-Type"] = "application/json"

local first = 0
function delay()
  first = first + 1
  return first > 1 and 1000 or 0
end

local mined, refused, other = 0, 0, 0
threads = {}
function setup(thread) threads[#threads + 1] = thread end

function response(status)
  if status == 201 then mined = mined + 1 elseif status == 503 then refused = refused + 1 else other = other + 1 end
  counts = mined .. " mined, " .. refused .. " refused, " .. other .. " other"
end

function done()
  for _, thread in ipairs(threads) do print("submissions: " .. (thread:get("counts") or "none")) end
end
