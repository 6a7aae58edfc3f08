# host/cli
