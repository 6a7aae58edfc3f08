# host/worker
