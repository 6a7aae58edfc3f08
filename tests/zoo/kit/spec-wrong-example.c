/* spec-wrong-example.c - gives an example that its spec refuses */
#include "base.h"

BASE_CONNECTOR(.spec = AB_JSON({
	"type" : "object",
	"properties" : {
		"url" : {"type" : "string"},
		"token" : {"type" : "string", "airbyte_secret" : true, "ab_reveal" : true},
		"size" : {"type" : "integer", "examples" : ["ten"]}
	}
}));
