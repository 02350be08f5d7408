Feature: A run is green only when everything declared was compared, and is equal
  On call reads one verdict per activity in the morning, and must be able to believe it.

  Background:
    Given a suite of settle_card_payments, which needs load_payments
    And both sides exported the same 30 payments of 2026-03-02

  Scenario: Everything was compared and is equal
    When the run is judged
    Then settle_card_payments is PASS
    And the run is green

  Scenario: The data differ
    Given one payment is a cent off on the target side
    When the run is judged
    Then settle_card_payments is FAIL, because "1 changed row"
    And the run is red

  Scenario: A difference that was agreed on passes, within its cap
    Given one payment is a cent off on the target side
    And a waiver for up to 1 row of amount
    When the run is judged
    Then settle_card_payments is WAIVED
    And the run is green

  Scenario: A waiver that is exceeded covers nothing
    Given two payments are a cent off on the target side
    And a waiver for up to 1 row of amount
    When the run is judged
    Then settle_card_payments is FAIL
    And the run is red

  Scenario Outline: What could not be compared is never green
    Given <mishap>
    When the run is judged
    Then settle_card_payments is INVALID, because "<words>"
    And the run is red

    Examples:
      | mishap                                          | words                              |
      | the helper job died before it wrote a manifest  | There is no _manifest in           |
      | the export is that of another run               | is not the one that this run asked |
      | the export is that of another business date     | business_date is '2026-03-01'      |
      | the target file was cut short                   | disagrees with its manifest        |
      | the target file is gone                         | disagrees with its manifest        |
      | the legacy file was cut short                   | is not a whole Parquet file        |
      | the legacy folder holds a stranger's file       | the query did not write it         |
      | the query failed                                | ended as FAILED                    |
      | neither side has a row                          | both sides have zero rows          |
      | the target side has no row                      | The target output has no rows      |
      | the suite names a column that neither side has  | Did you mean 'amount'?             |
      | an expectation names a column that is not there | could not be computed              |

  Scenario: The first broken link is the one that is told
    Given the legacy Glue job ended as TIMEOUT
    And the helper job died before it wrote a manifest
    When the run is judged
    Then settle_card_payments is INVALID, because "The legacy Glue job: TIMEOUT"
    And on call is paged once, with "Failed first: The legacy Glue job: TIMEOUT"

  Scenario: Who only waits for a failed activity is not paged for
    Given load_payments failed in Data Factory with "UserError 2011: out of memory"
    When the run is judged
    Then load_payments and settle_card_payments are INVALID
    And on call is paged once, with "Failed first: The Data Factory activity: UserError 2011: out of memory"
    And the page says that "1 more waits for it: settle_card_payments."

  Scenario: Recovery resolves the alert, and only a comparison proves it
    Given the helper job died before it wrote a manifest
    When the run is judged
    Then on call is paged once, with "could not be compared"
    When the next run is INVALID too
    Then on call is paged once, with "could not be compared"
    When the next run is right
    Then the alert is resolved

  Scenario: A customer's data stays inside
    Given load_payments failed in Data Factory with "Cannot cast jane@client.example of DE89370400440532013000"
    When the run is judged
    Then on call is paged once, with "Cannot cast ••• of •••"

  Scenario Outline: A run from parameters verifies what was chosen
    When somebody runs the suite with <parameters>
    Then the plan is <activities> for <dates>

    Examples:
      | parameters                                                                | activities                          | dates                  |
      | {}                                                                        | load_payments, settle_card_payments | 2026-03-02             |
      | {"activities": ["settle_card_payments"]}                                  | settle_card_payments                | 2026-03-02             |
      | {"business_date": "2026-02-28"}                                           | load_payments, settle_card_payments | 2026-02-28             |
      | {"business_date": "2026-02-28", "business_date_to": "2026-03-01"}         | load_payments, settle_card_payments | 2026-02-28, 2026-03-01 |

  Scenario Outline: A run that makes no sense is refused with what to do
    When somebody runs the suite with <parameters>
    Then the run is refused with "<words>"

    Examples:
      | parameters                                                        | words                       |
      | {"activities": ["settle"]}                                        | It has load_payments        |
      | {"business_date": "2026-03-02", "business_date_to": "2026-03-01"} | Swap the two dates          |
      | {"pipeline": "use this run id"}                                   | Paste it from Data Factory  |
      | {"recover": true, "pipeline": "use the latest run"}               | Choose 'trigger the pipeline' |
