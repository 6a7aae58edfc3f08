# host/dest
