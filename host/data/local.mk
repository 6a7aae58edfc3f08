# host/data
