Feature: A suite that is wrong says where, and never takes another down

  Scenario: A typing mistake is answered with file, line and what was meant
    Given a folder with the suites payments and ledger
    When somebody writes "tolerence" instead of "tolerance" in payments
    Then checking the folder tells "payments.yaml:11" and "Did you mean 'tolerance'?"
    And the exit status is 2
    And ledger still loads

  Scenario: A query that binds what nobody knows is refused before the night
    Given a folder with the suites payments and ledger
    When the query of payments binds ":busines_date"
    Then checking the folder tells "binds :busines_date" and "Did you mean 'business_date'?"
    And the exit status is 2
    And ledger still loads

  Scenario: A waiver that matches nothing covers nothing
    Given a folder with the suites payments and ledger
    When somebody waives an activity that payments does not have
    Then checking the folder tells "waivers.yaml:3" and "has no activity"
    And the exit status is 2
    And no waiver is in force

  Scenario: What is right is one line per suite
    Given a folder with the suites payments and ledger
    Then checking the folder tells "payments: 1 activity," and "ledger: 1 activity,"
    And the exit status is 0
