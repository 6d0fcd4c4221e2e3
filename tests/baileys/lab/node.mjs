/** Small helpers over the library's binary nodes, `{tag, attrs, content}`. */

export const children = (node, tag) =>
	Array.isArray(node?.content) ? node.content.filter(item => item.tag === tag) : []

export const child = (node, tag) => children(node, tag)[0]

export const bytes = node => (node?.content === undefined ? undefined : Buffer.from(node.content))

/** JSON that keeps buffers, so that a world can be put to disk and taken up again. */
export const freeze = value =>
	JSON.stringify(value, function (key, item) {
		const raw = this[key]
		return raw instanceof Uint8Array ? { $bytes: Buffer.from(raw).toString('base64') } : item
	})

export const thaw = text =>
	JSON.parse(text, (_, item) => (typeof item?.$bytes === 'string' ? Buffer.from(item.$bytes, 'base64') : item))
