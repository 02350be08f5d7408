-- What depends on the data rather than on the query's text. One macro a statement; arguments are evaluated by DuckDB.
create macro t_assume_scale(x, s) as case when typeof(x) like 'DECIMAL(%,' || s || ')' or (s = 0 and typeof(x) like '%INT%') then x when t_check(typeof(x) like 'DECIMAL(%,' || s || ')' or (s = 0 and typeof(x) like '%INT%'), 'sandbox limitation: the scale of an exact number could not be told (' || typeof(x) || ', not scale ' || s || '); CAST it to DECIMAL(p, s)') then x end;
create macro t_assume_type(x, p) as case when regexp_full_match(typeof(x), p) or typeof(x) = '"NULL"' then x when t_check(regexp_full_match(typeof(x), p) or typeof(x) = '"NULL"', 'sandbox limitation: the type of an expression could not be told (' || typeof(x) || ', not ' || p || '); add a CAST') then x end;
-- exact numbers: integers over 10^scale, divided as integers, half away from zero
create macro t_unscaled(x) as cast(replace(cast(x as varchar), '.', '') as hugeint);
create macro t_half_up(a, b) as (case when (a < 0) <> (b < 0) then -1 else 1 end) * ((abs(a) * 2 + abs(b)) // (abs(b) * 2));
create macro t_divide(a, b, shift) as case when b = 0 then 1 // 0 else t_half_up(t_unscaled(a) * shift, t_unscaled(b)) end;
create macro t_whole_text(s, target) as case when regexp_full_match(s, '[+-]?[0-9]+') then s else 'INVALID_CAST_ARGUMENT: Cannot cast ''' || s || ''' to ' || target end;
create macro t_boolean_text(s) as case when lower(s) in ('t', 'true', '1', 'f', 'false', '0') then s else 'INVALID_CAST_ARGUMENT: Cannot cast ''' || s || ''' to BOOLEAN' end;
create macro t_decimal_text(s) as case when regexp_full_match(s, '[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?') then s else 'INVALID_CAST_ARGUMENT: Cannot cast VARCHAR ''' || s || ''' to DECIMAL' end;
create macro t_date_text(s) as case when regexp_full_match(s, '\s*[+-]?\d{4,}-\d{1,2}-\d{1,2}\s*') then trim(s) else 'INVALID_CAST_ARGUMENT: Value cannot be cast to date: ' || s end;
create macro t_stamp_text(s) as case when regexp_full_match(s, '\s*[+-]?\d{4,}-\d{1,2}-\d{1,2}( \d{1,2}:\d{1,2}(:\d{1,2}(\.\d+)?)?)?\s*') then s else 'INVALID_CAST_ARGUMENT: Value cannot be cast to timestamp: ' || s end;
create macro t_round_at(x, places) as round(x, places);
-- timestamps have milliseconds: rounded half up, also before 1970
create macro t_floor_thousand(n) as n - ((n % 1000 + 1000) % 1000);
create macro t_millis(ts) as make_timestamp(t_floor_thousand(epoch_us(ts) + 500));
create macro t_zoned_text(ts) as strftime(timezone('UTC', ts), '%Y-%m-%d %H:%M:%S.%g') || ' UTC';
create macro t_millisecond(ts) as cast(millisecond(ts) % 1000 as bigint);
create macro t_iso_text(x) as case when typeof(x) = 'DATE' then strftime(x, '%Y-%m-%d') when typeof(x) like '%ZONE%' then strftime(x, '%Y-%m-%dT%H:%M:%S.%gZ') else strftime(x, '%Y-%m-%dT%H:%M:%S.%g') end;
-- text
create macro t_substr(s, a) as case when a = 0 or -a > length(s) then '' else substring(s, a) end;
create macro t_substr_for(s, a, n) as case when a = 0 or n <= 0 or -a > length(s) then '' else substring(s, a, n) end;
create macro t_split_part(s, d, n) as list_extract(string_split(s, d), n);
create macro t_from_16(s) as case when regexp_full_match(s, '[0-9a-fA-F]{1,15}') then cast('0x' || s as bigint) else t_from_base(s, 16) end;
create macro t_upper_text(s) as case when strlen(s) = length(s) then upper(s) else t_upper(s) end;
create macro t_lower_text(s) as case when strlen(s) = length(s) then lower(s) else t_lower(s) end;
create macro t_nth_position(s, d, n) as case when len(string_split(s, d)) <= n then 0 else length(array_to_string(list_slice(string_split(s, d), 1, n), d)) + 1 end;
create macro t_regexp_first(s, p) as case when regexp_matches(s, p) then regexp_extract(s, p) end;
create macro t_regexp_count(s, p) as cast(len(regexp_extract_all(s, p)) as bigint);
-- arrays: a NULL inside makes "not found" unknown
create macro t_any(flags) as case when flags is null then null when list_contains(flags, true) then true when len(list_filter(flags, lambda f: f is null)) > 0 then null else false end;
create macro t_all(flags) as case when flags is null then null when list_contains(flags, false) then false when len(list_filter(flags, lambda f: f is null)) > 0 then null else true end;
create macro t_contains(a, x) as case when a is null or x is null then null when list_contains(a, x) then true when len(list_filter(a, lambda e: e is null)) > 0 then null else false end;
create macro t_subscript(a, i) as case when a is null or i is null then null when i between 1 and len(a) then a[i] when t_check(i between 1 and len(a), 'INVALID_FUNCTION_ARGUMENT: Array subscript must be less than or equal to array length: ' || i || ' > ' || len(a)) then a[i] end;
create macro t_map_subscript(m, k) as case when m is null or k is null then null when map_contains(m, k) then map_extract_value(m, k) when t_check(map_contains(m, k), 'INVALID_FUNCTION_ARGUMENT: Key not present in map: ' || k) then null end;
create macro t_distinct(a) as list_filter(a, lambda e, i: list_position(a, e) = i);
create macro t_except(a, b) as t_distinct(list_filter(a, lambda e: list_position(b, e) is null or list_position(b, e) = 0));
create macro t_overlap(a, b) as case when a is null or b is null then null when list_has_any(list_filter(a, lambda e: e is not null), b) then true when len(list_filter(a, lambda e: e is null)) + len(list_filter(b, lambda e: e is null)) > 0 then null else false end;
create macro t_position(a, x) as case when a is null or x is null then null else cast(coalesce(list_position(a, x), 0) as bigint) end;
create macro t_slice(a, s, n) as case when s > 0 then list_slice(a, s, s + n - 1) when s < 0 and -s <= len(a) then list_slice(a, len(a) + s + 1, len(a) + s + n) else list_slice(a, 1, 0) end;
create macro t_repeat(x, n) as list_transform(range(n), lambda i: x);
create macro t_greatest_of(a) as case when len(list_filter(a, lambda e: e is null)) > 0 then null else list_max(a) end;
create macro t_least_of(a) as case when len(list_filter(a, lambda e: e is null)) > 0 then null else list_min(a) end;
create macro t_array_size(a) as cast(len(a) as bigint);
create macro t_map_size(m) as cast(len(map_keys(m)) as bigint);
create macro t_map_agg(k, v) as map(list(k) filter (where k is not null), list(v) filter (where k is not null));
create macro t_width_bucket(x, lo, hi, n) as case when x < lo then 0 when x >= hi then n + 1 else cast(floor((x - lo) / (hi - lo) * n) as bigint) + 1 end;
create macro t_histogram(x) as map(map_keys(histogram(x)), list_transform(map_values(histogram(x)), lambda n: cast(n as bigint)));
