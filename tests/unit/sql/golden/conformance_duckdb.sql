SELECT 'rows' AS name, CAST(count(*) AS VARCHAR) AS text
FROM payments
UNION ALL
SELECT name, CAST("v" AS VARCHAR) AS text
FROM (VALUES
  ('p0', CAST('0' AS BIGINT)),
  ('p1', CAST('1' AS BIGINT)),
  ('p2', CAST('-1' AS BIGINT)),
  ('p3', CAST('127' AS BIGINT)),
  ('p4', CAST('-128' AS BIGINT)),
  ('p5', CAST('32767' AS BIGINT)),
  ('p6', CAST('2147483647' AS BIGINT)),
  ('p7', CAST('-2147483648' AS BIGINT)),
  ('p8', CAST('1000000000000001' AS BIGINT)),
  ('p9', CAST('9223372036854775807' AS BIGINT)),
  ('p10', CAST('-9223372036854775808' AS BIGINT)),
  ('p11', NULL)
) AS cases (name, v)
UNION ALL
SELECT concat('#', name) AS name, md5(concat_ws(chr(31), CAST("v" AS VARCHAR),
             CAST("v" AS VARCHAR),
             CAST((CASE WHEN "v" IS NULL THEN 1 ELSE 0 END + CASE WHEN "v" IS NULL THEN 2 ELSE 0 END) AS VARCHAR))) AS text
FROM (VALUES
  ('p0', CAST('0' AS BIGINT)),
  ('p1', CAST('1' AS BIGINT)),
  ('p2', CAST('-1' AS BIGINT)),
  ('p3', CAST('127' AS BIGINT)),
  ('p4', CAST('-128' AS BIGINT)),
  ('p5', CAST('32767' AS BIGINT)),
  ('p6', CAST('2147483647' AS BIGINT)),
  ('p7', CAST('-2147483648' AS BIGINT)),
  ('p8', CAST('1000000000000001' AS BIGINT)),
  ('p9', CAST('9223372036854775807' AS BIGINT)),
  ('p10', CAST('-9223372036854775808' AS BIGINT)),
  ('p11', NULL)
) AS cases (name, v)
UNION ALL
SELECT name, CAST(CAST("v" AS DECIMAL(38,0)) AS VARCHAR) AS text
FROM (VALUES
  ('p12', CAST('0' AS DECIMAL(5,0))),
  ('p13', CAST('-1' AS DECIMAL(5,0))),
  ('p14', CAST('99999' AS DECIMAL(5,0))),
  ('p15', NULL)
) AS cases (name, v)
UNION ALL
SELECT concat('#', name) AS name, md5(concat_ws(chr(31), CAST(CAST("v" AS DECIMAL(38,0)) AS VARCHAR),
             CAST(CAST("v" AS DECIMAL(38,0)) AS VARCHAR),
             CAST((CASE WHEN "v" IS NULL THEN 1 ELSE 0 END + CASE WHEN "v" IS NULL THEN 2 ELSE 0 END) AS VARCHAR))) AS text
FROM (VALUES
  ('p12', CAST('0' AS DECIMAL(5,0))),
  ('p13', CAST('-1' AS DECIMAL(5,0))),
  ('p14', CAST('99999' AS DECIMAL(5,0))),
  ('p15', NULL)
) AS cases (name, v)
UNION ALL
SELECT name, CAST(CAST("v" AS DECIMAL(38,2)) AS VARCHAR) AS text
FROM (VALUES
  ('p16', CAST('0.00' AS DECIMAL(10,2))),
  ('p17', CAST('0.01' AS DECIMAL(10,2))),
  ('p18', CAST('-0.01' AS DECIMAL(10,2))),
  ('p19', CAST('0.10' AS DECIMAL(10,2))),
  ('p20', CAST('1.00' AS DECIMAL(10,2))),
  ('p21', CAST('12345678.90' AS DECIMAL(10,2))),
  ('p22', CAST('-99999999.99' AS DECIMAL(10,2))),
  ('p23', CAST('99999999.99' AS DECIMAL(10,2))),
  ('p24', NULL)
) AS cases (name, v)
UNION ALL
SELECT concat('#', name) AS name, md5(concat_ws(chr(31), CAST(CAST("v" AS DECIMAL(38,2)) AS VARCHAR),
             CAST(CAST("v" AS DECIMAL(38,2)) AS VARCHAR),
             CAST((CASE WHEN "v" IS NULL THEN 1 ELSE 0 END + CASE WHEN "v" IS NULL THEN 2 ELSE 0 END) AS VARCHAR))) AS text
FROM (VALUES
  ('p16', CAST('0.00' AS DECIMAL(10,2))),
  ('p17', CAST('0.01' AS DECIMAL(10,2))),
  ('p18', CAST('-0.01' AS DECIMAL(10,2))),
  ('p19', CAST('0.10' AS DECIMAL(10,2))),
  ('p20', CAST('1.00' AS DECIMAL(10,2))),
  ('p21', CAST('12345678.90' AS DECIMAL(10,2))),
  ('p22', CAST('-99999999.99' AS DECIMAL(10,2))),
  ('p23', CAST('99999999.99' AS DECIMAL(10,2))),
  ('p24', NULL)
) AS cases (name, v)
UNION ALL
SELECT name, CAST(CAST("v" AS DECIMAL(38,4)) AS VARCHAR) AS text
FROM (VALUES
  ('p25', CAST('0.0000' AS DECIMAL(18,4))),
  ('p26', CAST('0.0001' AS DECIMAL(18,4))),
  ('p27', CAST('-0.0001' AS DECIMAL(18,4))),
  ('p28', CAST('1234.5000' AS DECIMAL(18,4))),
  ('p29', CAST('99999999999999.9999' AS DECIMAL(18,4)))
) AS cases (name, v)
UNION ALL
SELECT concat('#', name) AS name, md5(concat_ws(chr(31), CAST(CAST("v" AS DECIMAL(38,4)) AS VARCHAR),
             CAST(CAST("v" AS DECIMAL(38,4)) AS VARCHAR),
             CAST((CASE WHEN "v" IS NULL THEN 1 ELSE 0 END + CASE WHEN "v" IS NULL THEN 2 ELSE 0 END) AS VARCHAR))) AS text
FROM (VALUES
  ('p25', CAST('0.0000' AS DECIMAL(18,4))),
  ('p26', CAST('0.0001' AS DECIMAL(18,4))),
  ('p27', CAST('-0.0001' AS DECIMAL(18,4))),
  ('p28', CAST('1234.5000' AS DECIMAL(18,4))),
  ('p29', CAST('99999999999999.9999' AS DECIMAL(18,4)))
) AS cases (name, v)
UNION ALL
SELECT name, CAST(CAST("v" AS DECIMAL(38,6)) AS VARCHAR) AS text
FROM (VALUES
  ('p30', CAST('0.000000' AS DECIMAL(38,6))),
  ('p31', CAST('0.000001' AS DECIMAL(38,6))),
  ('p32', CAST('-12345678901234567890123456789012.345678' AS DECIMAL(38,6))),
  ('p33', CAST('1000000.000000' AS DECIMAL(38,6)))
) AS cases (name, v)
UNION ALL
SELECT concat('#', name) AS name, md5(concat_ws(chr(31), CAST(CAST("v" AS DECIMAL(38,6)) AS VARCHAR),
             CAST(CAST("v" AS DECIMAL(38,6)) AS VARCHAR),
             CAST((CASE WHEN "v" IS NULL THEN 1 ELSE 0 END + CASE WHEN "v" IS NULL THEN 2 ELSE 0 END) AS VARCHAR))) AS text
FROM (VALUES
  ('p30', CAST('0.000000' AS DECIMAL(38,6))),
  ('p31', CAST('0.000001' AS DECIMAL(38,6))),
  ('p32', CAST('-12345678901234567890123456789012.345678' AS DECIMAL(38,6))),
  ('p33', CAST('1000000.000000' AS DECIMAL(38,6)))
) AS cases (name, v)
UNION ALL
SELECT name, CAST(CAST("v" AS DECIMAL(38,10)) AS VARCHAR) AS text
FROM (VALUES
  ('p34', CAST('0.0000000000' AS DECIMAL(38,10))),
  ('p35', CAST('0.0000001000' AS DECIMAL(38,10))),
  ('p36', CAST('-0.0000000001' AS DECIMAL(38,10))),
  ('p37', CAST('1234567890123456789012345678.0123456789' AS DECIMAL(38,10)))
) AS cases (name, v)
UNION ALL
SELECT concat('#', name) AS name, md5(concat_ws(chr(31), CAST(CAST("v" AS DECIMAL(38,10)) AS VARCHAR),
             CAST(CAST("v" AS DECIMAL(38,10)) AS VARCHAR),
             CAST((CASE WHEN "v" IS NULL THEN 1 ELSE 0 END + CASE WHEN "v" IS NULL THEN 2 ELSE 0 END) AS VARCHAR))) AS text
FROM (VALUES
  ('p34', CAST('0.0000000000' AS DECIMAL(38,10))),
  ('p35', CAST('0.0000001000' AS DECIMAL(38,10))),
  ('p36', CAST('-0.0000000001' AS DECIMAL(38,10))),
  ('p37', CAST('1234567890123456789012345678.0123456789' AS DECIMAL(38,10)))
) AS cases (name, v)
UNION ALL
SELECT name, CAST(CAST("v" AS DECIMAL(38,18)) AS VARCHAR) AS text
FROM (VALUES
  ('p38', CAST('0.000000000000000000' AS DECIMAL(38,18))),
  ('p39', CAST('-0.000000000000000001' AS DECIMAL(38,18))),
  ('p40', CAST('12345678901234567890.123456789012345678' AS DECIMAL(38,18)))
) AS cases (name, v)
UNION ALL
SELECT concat('#', name) AS name, md5(concat_ws(chr(31), CAST(CAST("v" AS DECIMAL(38,18)) AS VARCHAR),
             CAST(CAST("v" AS DECIMAL(38,18)) AS VARCHAR),
             CAST((CASE WHEN "v" IS NULL THEN 1 ELSE 0 END + CASE WHEN "v" IS NULL THEN 2 ELSE 0 END) AS VARCHAR))) AS text
FROM (VALUES
  ('p38', CAST('0.000000000000000000' AS DECIMAL(38,18))),
  ('p39', CAST('-0.000000000000000001' AS DECIMAL(38,18))),
  ('p40', CAST('12345678901234567890.123456789012345678' AS DECIMAL(38,18)))
) AS cases (name, v)
UNION ALL
SELECT name, CASE WHEN "v" THEN '1' WHEN NOT "v" THEN '0' END AS text
FROM (VALUES
  ('p41', true),
  ('p42', false),
  ('p43', NULL)
) AS cases (name, v)
UNION ALL
SELECT concat('#', name) AS name, md5(concat_ws(chr(31), CASE WHEN "v" THEN '1' WHEN NOT "v" THEN '0' END,
             CASE WHEN "v" THEN '1' WHEN NOT "v" THEN '0' END,
             CAST((CASE WHEN "v" IS NULL THEN 1 ELSE 0 END + CASE WHEN "v" IS NULL THEN 2 ELSE 0 END) AS VARCHAR))) AS text
FROM (VALUES
  ('p41', true),
  ('p42', false),
  ('p43', NULL)
) AS cases (name, v)
UNION ALL
SELECT name, CASE WHEN year("v") > 0 THEN CAST("v" AS VARCHAR) ELSE printf('%s%04d', CASE WHEN year("v") < 0 THEN '-' ELSE '' END, abs(year("v"))) || strftime("v", '-%m-%d') END AS text
FROM (VALUES
  ('p44', CAST('1970-01-01' AS DATE)),
  ('p45', CAST('1969-12-31' AS DATE)),
  ('p46', CAST('2000-02-29' AS DATE)),
  ('p47', CAST('2024-02-29' AS DATE)),
  ('p48', CAST('1900-01-01' AS DATE)),
  ('p49', CAST('9999-12-31' AS DATE)),
  ('p50', CAST('1582-10-15' AS DATE)),
  ('p51', NULL)
) AS cases (name, v)
UNION ALL
SELECT concat('#', name) AS name, md5(concat_ws(chr(31), CASE WHEN year("v") > 0 THEN CAST("v" AS VARCHAR) ELSE printf('%s%04d', CASE WHEN year("v") < 0 THEN '-' ELSE '' END, abs(year("v"))) || strftime("v", '-%m-%d') END,
             CASE WHEN year("v") > 0 THEN CAST("v" AS VARCHAR) ELSE printf('%s%04d', CASE WHEN year("v") < 0 THEN '-' ELSE '' END, abs(year("v"))) || strftime("v", '-%m-%d') END,
             CAST((CASE WHEN "v" IS NULL THEN 1 ELSE 0 END + CASE WHEN "v" IS NULL THEN 2 ELSE 0 END) AS VARCHAR))) AS text
FROM (VALUES
  ('p44', CAST('1970-01-01' AS DATE)),
  ('p45', CAST('1969-12-31' AS DATE)),
  ('p46', CAST('2000-02-29' AS DATE)),
  ('p47', CAST('2024-02-29' AS DATE)),
  ('p48', CAST('1900-01-01' AS DATE)),
  ('p49', CAST('9999-12-31' AS DATE)),
  ('p50', CAST('1582-10-15' AS DATE)),
  ('p51', NULL)
) AS cases (name, v)
UNION ALL
SELECT name, CASE WHEN year(CAST("v" AS TIMESTAMP)) BETWEEN 1 AND 9999 THEN strftime(CAST("v" AS TIMESTAMP), '%Y-%m-%d %H:%M:%S.%f') ELSE CASE WHEN year(CAST("v" AS TIMESTAMP)) > 9999 THEN '+' ELSE '' END || printf('%s%04d', CASE WHEN year(CAST("v" AS TIMESTAMP)) < 0 THEN '-' ELSE '' END, abs(year(CAST("v" AS TIMESTAMP)))) || strftime(CAST("v" AS TIMESTAMP), '-%m-%d %H:%M:%S.%f') END AS text
FROM (VALUES
  ('p52', CAST('1970-01-01 00:00:00.000000' AS TIMESTAMP)),
  ('p53', CAST('1969-12-31 23:59:59.999999' AS TIMESTAMP)),
  ('p54', CAST('2026-03-29 01:30:00.000000' AS TIMESTAMP)),
  ('p55', CAST('2026-03-29 02:30:00.123456' AS TIMESTAMP)),
  ('p56', CAST('2026-10-25 02:30:00.100000' AS TIMESTAMP)),
  ('p57', CAST('2024-02-29 23:59:59.999999' AS TIMESTAMP)),
  ('p58', CAST('2000-01-01 00:00:00.129999' AS TIMESTAMP)),
  ('p59', CAST('1999-12-31 12:00:00.000001' AS TIMESTAMP)),
  ('p60', CAST('2026-03-02 10:20:30.120000' AS TIMESTAMP)),
  ('p61', CAST('1900-01-01 00:00:00.000000' AS TIMESTAMP)),
  ('p62', CAST('9999-12-31 23:59:59.999999' AS TIMESTAMP)),
  ('p63', NULL)
) AS cases (name, v)
UNION ALL
SELECT concat('#', name) AS name, md5(concat_ws(chr(31), CASE WHEN year(CAST("v" AS TIMESTAMP)) BETWEEN 1 AND 9999 THEN strftime(CAST("v" AS TIMESTAMP), '%Y-%m-%d %H:%M:%S.%f') ELSE CASE WHEN year(CAST("v" AS TIMESTAMP)) > 9999 THEN '+' ELSE '' END || printf('%s%04d', CASE WHEN year(CAST("v" AS TIMESTAMP)) < 0 THEN '-' ELSE '' END, abs(year(CAST("v" AS TIMESTAMP)))) || strftime(CAST("v" AS TIMESTAMP), '-%m-%d %H:%M:%S.%f') END,
             CASE WHEN year(CAST("v" AS TIMESTAMP)) BETWEEN 1 AND 9999 THEN strftime(CAST("v" AS TIMESTAMP), '%Y-%m-%d %H:%M:%S.%f') ELSE CASE WHEN year(CAST("v" AS TIMESTAMP)) > 9999 THEN '+' ELSE '' END || printf('%s%04d', CASE WHEN year(CAST("v" AS TIMESTAMP)) < 0 THEN '-' ELSE '' END, abs(year(CAST("v" AS TIMESTAMP)))) || strftime(CAST("v" AS TIMESTAMP), '-%m-%d %H:%M:%S.%f') END,
             CAST((CASE WHEN "v" IS NULL THEN 1 ELSE 0 END + CASE WHEN "v" IS NULL THEN 2 ELSE 0 END) AS VARCHAR))) AS text
FROM (VALUES
  ('p52', CAST('1970-01-01 00:00:00.000000' AS TIMESTAMP)),
  ('p53', CAST('1969-12-31 23:59:59.999999' AS TIMESTAMP)),
  ('p54', CAST('2026-03-29 01:30:00.000000' AS TIMESTAMP)),
  ('p55', CAST('2026-03-29 02:30:00.123456' AS TIMESTAMP)),
  ('p56', CAST('2026-10-25 02:30:00.100000' AS TIMESTAMP)),
  ('p57', CAST('2024-02-29 23:59:59.999999' AS TIMESTAMP)),
  ('p58', CAST('2000-01-01 00:00:00.129999' AS TIMESTAMP)),
  ('p59', CAST('1999-12-31 12:00:00.000001' AS TIMESTAMP)),
  ('p60', CAST('2026-03-02 10:20:30.120000' AS TIMESTAMP)),
  ('p61', CAST('1900-01-01 00:00:00.000000' AS TIMESTAMP)),
  ('p62', CAST('9999-12-31 23:59:59.999999' AS TIMESTAMP)),
  ('p63', NULL)
) AS cases (name, v)
UNION ALL
SELECT name, "v" AS text
FROM (VALUES
  ('p64', decode(from_hex(''))),
  ('p65', decode(from_hex('20'))),
  ('p66', decode(from_hex('61'))),
  ('p67', decode(from_hex('41'))),
  ('p68', decode(from_hex('6120'))),
  ('p69', decode(from_hex('2061'))),
  ('p70', decode(from_hex('610962'))),
  ('p71', decode(from_hex('610a62'))),
  ('p72', decode(from_hex('615c62'))),
  ('p73', decode(from_hex('69742773'))),
  ('p74', decode(from_hex('22'))),
  ('p75', decode(from_hex('1f'))),
  ('p76', decode(from_hex('611f62'))),
  ('p77', decode(from_hex('c3a4'))),
  ('p78', decode(from_hex('65cc81'))),
  ('p79', decode(from_hex('c39f'))),
  ('p80', decode(from_hex('c4b0'))),
  ('p81', decode(from_hex('efac81'))),
  ('p82', decode(from_hex('7a61c5bcc3b3c582c487'))),
  ('p83', decode(from_hex('e697a5e69cace8aa9e'))),
  ('p84', decode(from_hex('f09f9880'))),
  ('p85', decode(from_hex('f09f91a9e2808df09f91a9e2808df09f91a7'))),
  ('p86', decode(from_hex('c2a0'))),
  ('p87', decode(from_hex('efbbbf'))),
  ('p88', decode(from_hex('4e554c4c'))),
  ('p89', decode(from_hex('30'))),
  ('p90', decode(from_hex('25'))),
  ('p91', decode(from_hex('2431'))),
  ('p92', decode(from_hex('3a78'))),
  ('p93', decode(from_hex('787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878'))),
  ('p94', NULL)
) AS cases (name, v)
UNION ALL
SELECT concat('#', name) AS name, md5(concat_ws(chr(31), "v",
             "v",
             CAST(length("v") AS VARCHAR),
             CAST((CASE WHEN "v" IS NULL THEN 1 ELSE 0 END + CASE WHEN "v" IS NULL THEN 2 ELSE 0 END) AS VARCHAR))) AS text
FROM (VALUES
  ('p64', decode(from_hex(''))),
  ('p65', decode(from_hex('20'))),
  ('p66', decode(from_hex('61'))),
  ('p67', decode(from_hex('41'))),
  ('p68', decode(from_hex('6120'))),
  ('p69', decode(from_hex('2061'))),
  ('p70', decode(from_hex('610962'))),
  ('p71', decode(from_hex('610a62'))),
  ('p72', decode(from_hex('615c62'))),
  ('p73', decode(from_hex('69742773'))),
  ('p74', decode(from_hex('22'))),
  ('p75', decode(from_hex('1f'))),
  ('p76', decode(from_hex('611f62'))),
  ('p77', decode(from_hex('c3a4'))),
  ('p78', decode(from_hex('65cc81'))),
  ('p79', decode(from_hex('c39f'))),
  ('p80', decode(from_hex('c4b0'))),
  ('p81', decode(from_hex('efac81'))),
  ('p82', decode(from_hex('7a61c5bcc3b3c582c487'))),
  ('p83', decode(from_hex('e697a5e69cace8aa9e'))),
  ('p84', decode(from_hex('f09f9880'))),
  ('p85', decode(from_hex('f09f91a9e2808df09f91a9e2808df09f91a7'))),
  ('p86', decode(from_hex('c2a0'))),
  ('p87', decode(from_hex('efbbbf'))),
  ('p88', decode(from_hex('4e554c4c'))),
  ('p89', decode(from_hex('30'))),
  ('p90', decode(from_hex('25'))),
  ('p91', decode(from_hex('2431'))),
  ('p92', decode(from_hex('3a78'))),
  ('p93', decode(from_hex('787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878787878'))),
  ('p94', NULL)
) AS cases (name, v)
UNION ALL
SELECT name, lower(hex("v")) AS text
FROM (VALUES
  ('p95', from_hex('')),
  ('p96', from_hex('00')),
  ('p97', from_hex('ff')),
  ('p98', from_hex('0a1b')),
  ('p99', from_hex('000000')),
  ('p100', from_hex('e4')),
  ('p101', from_hex('deadbeef00')),
  ('p102', NULL)
) AS cases (name, v)
UNION ALL
SELECT concat('#', name) AS name, md5(concat_ws(chr(31), lower(hex("v")),
             lower(hex("v")),
             CAST((CASE WHEN "v" IS NULL THEN 1 ELSE 0 END + CASE WHEN "v" IS NULL THEN 2 ELSE 0 END) AS VARCHAR))) AS text
FROM (VALUES
  ('p95', from_hex('')),
  ('p96', from_hex('00')),
  ('p97', from_hex('ff')),
  ('p98', from_hex('0a1b')),
  ('p99', from_hex('000000')),
  ('p100', from_hex('e4')),
  ('p101', from_hex('deadbeef00')),
  ('p102', NULL)
) AS cases (name, v)
