# host/source
