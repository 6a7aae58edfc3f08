NAME     = @NAME@
CXXFLAGS = -O2 -g -Wall -Wextra -Wno-missing-field-initializers -fstack-protector-strong
PC       = PKG_CONFIG_PATH="$$PKG_CONFIG_PATH:$$(dirname "$$(command -v abhost)")/../lib/pkgconfig" pkg-config
SDK      = $(shell $(PC) --cflags --libs abhost-sdk) -Wl,--version-script=$(shell $(PC) --variable=exports abhost-sdk)
$(NAME).so: $(NAME).cpp
	$(CXX) -std=c++20 -fPIC -fvisibility=hidden $(CXXFLAGS) -shared $< -Wl,--as-needed $(SDK) -Wl,-z,now $(LDFLAGS) -o $@
test install: $(NAME).so
	abhost $@ $<
.PHONY: test install clean
clean:
	rm -f $(NAME).so
