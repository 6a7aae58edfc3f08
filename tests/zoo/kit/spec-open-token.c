/* spec-open-token.c - does not mark a secret */
#include "base.h"

BASE_CONNECTOR(.spec = AB_JSON({
	"type" : "object",
	"properties" : {
		"url" : {"type" : "string"},
		"token" : {"type" : "string", "airbyte_secret" : true, "ab_reveal" : true},
		"password" : {"type" : "string"}
	}
}));
