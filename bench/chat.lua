-- One small chat request, over and over; at the end one line that bench/run reads.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer " .. os.getenv("BENCH_TOKEN")
for name, value in (os.getenv("BENCH_HEADERS") or ""):gmatch("([%w-]+)=(%S+)") do
  wrk.headers[name] = value
end
wrk.body = '{"model":"gpt-4o","messages":[' ..
  '{"role":"system","content":"You answer questions about our products in one paragraph."},' ..
  '{"role":"user","content":"Which of the two plans has the longer notice period, and may I ' ..
  'change from one to the other in the middle of a month?"}],"temperature":0.2}'

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"us":%d,"p50_us":%d,"p99_us":%d,"bad_status":%d,"broken":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
