# host/net
