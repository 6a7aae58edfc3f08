/* spec-unlike.c - has a spec that its example does not fit */
#include "base.h"

BASE_CONNECTOR(.spec = AB_JSON({
	"type" : "object",
	"required" : ["account"],
	"properties" : {
		"url" : {"type" : "string"},
		"token" : {"type" : "string", "airbyte_secret" : true, "ab_reveal" : true},
		"account" : {"type" : "string"}
	}
}));
