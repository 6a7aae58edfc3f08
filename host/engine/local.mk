# host/engine
