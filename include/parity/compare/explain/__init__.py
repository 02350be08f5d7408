"""From facts to what people read: causes, samples, proposed rules, waivers; sensitive values masked."""
