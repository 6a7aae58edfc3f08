// Some servers listen on every interface and have no option against it: here, on loopback.
const net = require("node:net");
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (...words) {
	if (words[0] !== null && typeof words[0] === "object" && "port" in words[0])
		words[0] = { ...words[0], host: "127.0.0.1" };
	else if (/^[0-9]+$/.test(String(words[0])))
		words = [words[0], "127.0.0.1", ...words.slice(1).filter((word) => typeof word !== "string")];
	return listen.apply(this, words);
};
