/* spec-type.c - has a spec that is no JSON Schema */
#include "base.h"

BASE_CONNECTOR(.spec = AB_JSON({
	"type" : "objct",
	"properties" : {
		"url" : {"type" : "string"},
		"token" : {"type" : "string", "airbyte_secret" : true, "ab_reveal" : true}
	}
}));
