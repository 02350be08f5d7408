SELECT 'rows' AS name, CAST(count(*) AS STRING) AS text
FROM parity_source
UNION ALL
SELECT name, replace(format_number(CAST(`v` AS DECIMAL(38,4)), 4), ',', '') AS text
FROM (VALUES
  ('p28', CAST('1234.5000' AS decimal(18,4))),
  ('p29', CAST('99999999999999.9999' AS decimal(18,4)))
) AS cases (name, v)
UNION ALL
SELECT concat('#', name) AS name, md5(concat_ws(char(31), replace(format_number(CAST(`v` AS DECIMAL(38,4)), 4), ',', ''),
             replace(format_number(CAST(`v` AS DECIMAL(38,4)), 4), ',', ''),
             CAST((CASE WHEN `v` IS NULL THEN 1 ELSE 0 END + CASE WHEN `v` IS NULL THEN 2 ELSE 0 END) AS STRING))) AS text
FROM (VALUES
  ('p28', CAST('1234.5000' AS decimal(18,4))),
  ('p29', CAST('99999999999999.9999' AS decimal(18,4)))
) AS cases (name, v)
UNION ALL
SELECT name, replace(format_number(CAST(`v` AS DECIMAL(38,6)), 6), ',', '') AS text
FROM (VALUES
  ('p30', CAST('0.000000' AS decimal(38,6))),
  ('p31', CAST('0.000001' AS decimal(38,6))),
  ('p32', CAST('-12345678901234567890123456789012.345678' AS decimal(38,6))),
  ('p33', CAST('1000000.000000' AS decimal(38,6)))
) AS cases (name, v)
UNION ALL
SELECT concat('#', name) AS name, md5(concat_ws(char(31), replace(format_number(CAST(`v` AS DECIMAL(38,6)), 6), ',', ''),
             replace(format_number(CAST(`v` AS DECIMAL(38,6)), 6), ',', ''),
             CAST((CASE WHEN `v` IS NULL THEN 1 ELSE 0 END + CASE WHEN `v` IS NULL THEN 2 ELSE 0 END) AS STRING))) AS text
FROM (VALUES
  ('p30', CAST('0.000000' AS decimal(38,6))),
  ('p31', CAST('0.000001' AS decimal(38,6))),
  ('p32', CAST('-12345678901234567890123456789012.345678' AS decimal(38,6))),
  ('p33', CAST('1000000.000000' AS decimal(38,6)))
) AS cases (name, v)
