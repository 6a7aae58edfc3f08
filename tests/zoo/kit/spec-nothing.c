/* spec-nothing.c - requires a key that its spec does not describe */
#include "base.h"

BASE_CONNECTOR(.spec = AB_JSON({
	"type" : "object",
	"required" : [ "url", "region" ],
	"properties" : {
		"url" : {"type" : "string"},
		"token" : {"type" : "string", "airbyte_secret" : true, "ab_reveal" : true}
	}
}));
