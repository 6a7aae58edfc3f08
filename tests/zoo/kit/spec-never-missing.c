/* spec-never-missing.c - requires a key that cannot be missing */
#include "base.h"

BASE_CONNECTOR(.spec = AB_JSON({
	"type" : "object",
	"required" : ["url"],
	"properties" : {
		"url" : {"type" : "string", "default" : "https://api.zoo.test/v1/"},
		"token" : {"type" : "string", "airbyte_secret" : true, "ab_reveal" : true}
	}
}));
